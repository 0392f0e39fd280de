import type { RequestListener, Server } from 'node:http';
import type { Logger } from 'pino';
import { createApp, createMetricsApp } from './app.ts';
import type { LogEventName } from './audit/vocabulary.ts';
import { compose, type Portal } from './composition.ts';
import type { Config } from './config.ts';
import { httpServer } from './http-server.ts';
import { createLogger } from './logging.ts';
import { seconds } from './time.ts';

/** Requests that are under way at a shutdown may take so long; then their connections are cut. */
const GRACE = seconds(7);
const SWEEP_EVERY = 100;
/** A shutdown that hangs all the same ends here: supervisors kill after 10 seconds. */
const SHUTDOWN_LIMIT = seconds(9);

/** Serves until it is told to end; the exit code says how it went. */
export async function run(config: Config): Promise<void> {
  const logger = createLogger(config.logLevel);
  let portal: Portal | undefined;
  try {
    portal = await compose(config, { clock: Date.now, logger });
    await portal.migrate();
    const servers = await listen(portal, config);
    portal.startDelivery();
    shutDownOnSignal(servers, portal, logger);
    const { baseUrl: url, port, metrics } = config;
    const event: LogEventName = 'sys_startup';
    logger.info({ event, url, port, metricsPort: metrics?.port }, 'Postern is ready');
    await announceSetup(portal, config);
  } catch (error) {
    logger.fatal({ event: 'sys_crash' satisfies LogEventName, err: error }, 'Postern cannot start');
    process.exitCode = 1;
    await portal?.close();
  }
}

async function listen({ services }: Portal, { port, host, metrics }: Config): Promise<readonly Server[]> {
  const site = await open(createApp(services), port, host);
  const figures = createMetricsApp(services);
  if (!figures) return [site];
  // Without a token nobody but this machine is to read them.
  const reach = metrics?.token === undefined ? '127.0.0.1' : host;
  return [site, await open(figures, metrics?.port, reach)];
}

async function open(
  app: RequestListener,
  port: number | undefined,
  host: string | undefined,
): Promise<Server> {
  const server = httpServer(app);
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen({ port, host }, resolve);
  });
  return server;
}

/** While nobody has an account, whoever reads the log can create the first administrator, once. */
async function announceSetup({ services }: Portal, { baseUrl }: Config): Promise<void> {
  const token = await services.registration.setupToken();
  if (token === undefined) return;
  services.logger.warn(
    `No account exists yet. Create the first administrator here (works once): ${baseUrl}/setup?token=${token}`,
  );
}

/** On SIGTERM or SIGINT: accepts nothing more, finishes what is under way, closes; within 10 seconds. */
function shutDownOnSignal(servers: readonly Server[], portal: Portal, logger: Logger): void {
  async function shutDown(signal: string): Promise<void> {
    logger.info({ event: 'sys_shutdown' satisfies LogEventName, signal }, 'shutting down');
    setTimeout(() => process.exit(1), SHUTDOWN_LIMIT).unref();
    const each = (act: (server: Server) => void) => servers.forEach(act);
    setTimeout(() => each((server) => server.closeAllConnections()), GRACE).unref();
    const closed = Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
    // A connection is idle once its answer is out, and would be kept for a next request.
    const sweep = setInterval(() => each((server) => server.closeIdleConnections()), SWEEP_EVERY);
    await closed;
    clearInterval(sweep);
    await portal.close();
    logger.info('closed');
    // A mail server that says nothing would hold the process for seconds, by a connection that is given up already.
    process.exit();
  }
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => void shutDown(signal));
}
