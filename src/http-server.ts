import { createServer, type RequestListener, type Server } from 'node:http';
import { seconds } from './time.ts';

/** What a client may take of the server before it is cut off. Durations in milliseconds. */
export interface ClientLimits {
  /** From the first byte of a request, or the opening of its connection, to the end of its headers. */
  readonly headers: number;
  /** The same to the end of its body. */
  readonly request: number;
  /** Without a byte in either direction, while a request is under way: for those who do not read their answer. */
  readonly silence: number;
  /** How often it is looked at who is late. */
  readonly checkEvery: number;
  /** Open at once, those that are kept for a next request included. */
  readonly connections: number;
}

/**
 * Where no proxy stands in front, which would take a request in as a whole. Headers are a few KB: who needs 15 seconds for
 * them is after the connection. The largest form, 256 KB for an import, comes in 30 seconds over 70 kbit/s. No page takes a
 * minute to make, and proxies wait no longer for one. Node would look every 30 seconds only, and so let everybody have as
 * much again. A connection that waits holds 15 KB of memory: all of them hold 75 MB, and leave files to open for others.
 */
const LIMITS: ClientLimits = {
  headers: seconds(15),
  request: seconds(30),
  silence: seconds(60),
  checkEvery: seconds(1),
  connections: 5000,
};

/** A server that slow clients (Slowloris) cannot keep from others by holding its connections. */
export function httpServer(app: RequestListener, limits: ClientLimits = LIMITS): Server {
  const { headers, request, silence, checkEvery, connections } = limits;
  const server = createServer(
    { headersTimeout: headers, requestTimeout: request, connectionsCheckingInterval: checkEvery },
    app,
  );
  server.timeout = silence;
  server.maxConnections = connections;
  return server;
}
