import { createServer, type RequestListener, type Server } from 'node:http';
import { seconds } from '../kernel/time.ts';

/** Limits of a client's connections; beyond them it is disconnected. Durations in milliseconds. */
export interface ConnectionLimits {
  /** From the first byte of a request (or the opening of its connection) to the end of its headers. */
  readonly headers: number;
  /** The same to the end of its body. */
  readonly request: number;
  /** Without a byte in either direction during a request: for clients that do not read the response. */
  readonly silence: number;
  /** Between a response and the next request on its connection. */
  readonly keepAlive: number;
  /** Interval between checks for timed-out requests. */
  readonly checkEvery: number;
  /** Open connections, idle ones included. */
  readonly connections: number;
}

/**
 * For servers without a buffering proxy in front. Headers are a few KB: a client that needs 15 seconds for them is holding the
 * connection on purpose (Slowloris). The largest form, a 256 KB import, takes 30 seconds over 70 kbit/s. No page takes a minute,
 * and proxies do not wait longer. Node checks every 30 seconds by default, which would add that much to each limit. A waiting
 * connection takes 15 KB of memory: 5,000 take 75 MB, and leave enough file descriptors.
 */
const LIMITS: Omit<ConnectionLimits, 'keepAlive'> = {
  headers: seconds(15),
  request: seconds(30),
  silence: seconds(60),
  checkEvery: seconds(1),
  connections: 5000,
};

/** Share of the allowed connections from which idle ones are closed, so that new clients get in. */
const CROWDED = 0.9;

/** The server's limits with the configured keep-alive, in milliseconds. */
export function connectionLimits(keepAlive: number): ConnectionLimits {
  return { ...LIMITS, keepAlive };
}

/** A server that slow clients (Slowloris) cannot block by holding its connections. */
export function httpServer(app: RequestListener, limits: ConnectionLimits): Server {
  const { headers, request, silence, keepAlive, checkEvery, connections } = limits;
  const server = createServer(
    {
      headersTimeout: headers,
      requestTimeout: request,
      keepAliveTimeout: keepAlive,
      connectionsCheckingInterval: checkEvery,
    },
    app,
  );
  server.timeout = silence;
  server.maxConnections = connections;
  closeIdleWhenCrowded(server, connections * CROWDED);
  return server;
}

/** Idle connections live long because of proxies. Without this, a client could hold them all with one request each. */
function closeIdleWhenCrowded(server: Server, crowded: number): void {
  let open = 0;
  server.on('connection', (socket) => {
    open += 1;
    socket.once('close', () => {
      open -= 1;
    });
    if (open >= crowded) server.closeIdleConnections();
  });
}
