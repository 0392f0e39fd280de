import type { RequestListener, Server } from 'node:http';
import type { Logger } from 'pino';
import type { LogEventName } from '../audit/vocabulary.ts';
import { EnvironmentFault } from '../kernel/environment-fault.ts';
import { seconds } from '../kernel/time.ts';
import { type Config, EX_CONFIG, formatEnvironmentFault } from './config.ts';
import { connectionLimits, httpServer } from './http-server.ts';
import { listenAt } from './listening.ts';
import { createLogger } from './logging.ts';
import { risksOf } from './risks.ts';

/** Time for running requests at a shutdown; then their connections are closed. */
const GRACE = seconds(7);
const SWEEP_EVERY = 100;
/** Hard limit of a shutdown: supervisors kill after 10 seconds. */
const SHUTDOWN_LIMIT = seconds(9);

/** The portal as a server runs it. */
export interface ServedPortal {
  /** Checks folders, database and Redis, and updates the tables; rejects with an EnvironmentFault. */
  prepare(): Promise<void>;
  site(): RequestListener;
  /** The metrics on a port of their own; undefined if there is no such port. */
  metrics(): RequestListener | undefined;
  /** Starts the background work: mails and the removal of what has expired. */
  startDelivery(): void;
  /** The token of the link that creates the first administrator; undefined once an account exists. */
  setupToken(): Promise<string | undefined>;
  close(): Promise<void>;
}

/**
 * Serves until SIGTERM or SIGINT, and sets the exit code.
 *
 * @param open connects nothing before `prepare`
 */
export async function run(
  config: Config,
  open: (config: Config, logger: Logger) => Promise<ServedPortal>,
): Promise<void> {
  const logger = createLogger(config.logLevel);
  const servers: Server[] = [];
  let portal: ServedPortal | undefined;
  try {
    portal = await open(config, logger);
    await portal.prepare();
    await listen(portal, config, servers);
    portal.startDelivery();
    shutDownOnSignal(servers, portal, logger);
    const { baseUrl: url, port, metrics } = config;
    const event: LogEventName = 'sys_startup';
    logger.info({ event, url, port, metricsPort: metrics?.port }, 'Postern is ready');
    for (const risk of risksOf(config)) logger.warn(risk);
    await announceSetup(portal, config, logger);
  } catch (error) {
    process.exitCode = reportCrash(error, logger);
    // A half-started server must not go on: requests would find closed connections.
    for (const server of servers) server.close().closeAllConnections();
    await portal?.close();
  }
}

/** Logs and prints why the start failed. Returns the exit code. */
function reportCrash(error: unknown, logger: Logger): number {
  const event: LogEventName = 'sys_crash';
  if (!(error instanceof EnvironmentFault)) {
    logger.fatal({ event, err: error }, 'Postern cannot start');
    return 1;
  }
  const { variable, message, mayPass } = error;
  logger.fatal({ event, variable }, `Postern cannot start. ${variable}: ${message}`);
  process.stderr.write(formatEnvironmentFault(error));
  // Supervisors do not retry after EX_CONFIG, so an error that may pass exits with 1.
  return mayPass ? 1 : EX_CONFIG;
}

/** Adds each server to `servers` once it listens, so that a later failure can close it. */
async function listen(
  portal: ServedPortal,
  { port, host, metrics, keepAlive }: Config,
  servers: Server[],
): Promise<void> {
  const limits = connectionLimits(keepAlive);
  const site = httpServer(portal.site(), limits);
  servers.push(await listenAt(site, { port, host, variable: 'PORT' }));
  const figures = portal.metrics();
  if (!figures) return;
  // Without a token, only this machine may read them.
  const reach = metrics?.token === undefined ? '127.0.0.1' : host;
  const endpoint = { port: metrics?.port, host: reach, variable: 'METRICS_PORT' } as const;
  servers.push(await listenAt(httpServer(figures, limits), endpoint));
}

/** While there is no account, logs a one-time link that creates the first administrator. */
async function announceSetup(portal: ServedPortal, { baseUrl }: Config, logger: Logger): Promise<void> {
  const token = await portal.setupToken();
  if (token === undefined) return;
  logger.warn(
    `No account exists yet. Create the first administrator here (works once): ${baseUrl}/setup?token=${token}`,
  );
}

/** On SIGTERM or SIGINT: stops accepting, finishes running requests, closes; within 10 seconds. */
function shutDownOnSignal(servers: readonly Server[], portal: ServedPortal, logger: Logger): void {
  async function shutDown(signal: string): Promise<void> {
    logger.info({ event: 'sys_shutdown' satisfies LogEventName, signal }, 'shutting down');
    setTimeout(() => process.exit(1), SHUTDOWN_LIMIT).unref();
    const each = (act: (server: Server) => void) => servers.forEach(act);
    setTimeout(() => each((server) => server.closeAllConnections()), GRACE).unref();
    const closed = Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
    // A connection becomes idle after its response, and would be kept alive.
    const sweep = setInterval(() => each((server) => server.closeIdleConnections()), SWEEP_EVERY);
    await closed;
    clearInterval(sweep);
    await portal.close();
    logger.info('closed');
    // An abandoned connection to a silent mail server would keep the process alive for seconds.
    process.exit();
  }
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => void shutDown(signal));
}
