import type { IncomingMessage } from 'node:http';
import type { Express, Request } from 'express';
import { canonicalAddress } from '../limits/client-address.ts';

/**
 * Sets whose X-Forwarded-For is trusted. Addresses are compared in canonical form, so that a trusted proxy is recognised when
 * another proxy writes it with a port, or IPv4 as IPv6.
 */
export function trustProxies(app: Express, trusted: number | readonly string[] | false): void {
  app.set('trust proxy', trusted);
  const isTrusted: unknown = app.get('trust proxy fn');
  if (typeof isTrusted !== 'function') throw new Error('Express no longer says which proxies it trusts.');
  app.set('trust proxy', (address: string, hop: number): unknown =>
    isTrusted(canonicalAddress(address), hop),
  );
}

/** The client's address in canonical form; "" if unknown. The only reader of `request.ip`. */
export function clientAddress(request: Request): string {
  return canonicalAddress(request.ip);
}

/** The address at the other end of the connection, whatever the headers say: the last proxy's. "" if unknown. */
export function connectionAddress({ socket }: Pick<IncomingMessage, 'socket'>): string {
  return canonicalAddress(socket.remoteAddress);
}
