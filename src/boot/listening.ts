import type { Server } from 'node:http';
import { codeOf, EnvironmentFault } from '../kernel/environment-fault.ts';
import { ownUser } from '../kernel/folders.ts';

/** An address and port to listen on, and the variable that sets it. */
export interface Endpoint {
  readonly port: number | undefined;
  /** Undefined: all addresses. */
  readonly host: string | undefined;
  readonly variable: 'PORT' | 'METRICS_PORT';
}

/**
 * Starts listening.
 *
 * @throws EnvironmentFault if the port is taken or forbidden, or the address is not of this machine
 */
export async function listenAt(server: Server, endpoint: Endpoint): Promise<Server> {
  const { port, host } = endpoint;
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error) => reject(listeningFault(error, endpoint) ?? error));
    server.listen({ port, host }, resolve);
  });
  return server;
}

function listeningFault(
  error: unknown,
  { port, host = 'any address', variable }: Endpoint,
): EnvironmentFault | undefined {
  const code = codeOf(error);
  const says = (name: string, message: string) => new EnvironmentFault(name, message, { cause: error });
  switch (code) {
    case 'EADDRINUSE':
      return says(variable, `another program uses port ${port}: stop it, or set ${variable} to a free port.`);
    case 'EACCES':
    case 'EPERM':
      return says(
        variable,
        `${ownUser()} may not listen on port ${port} (${code}): set ${variable} to 1024 or more, and let a proxy listen on port ${port}.`,
      );
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
    case 'EAFNOSUPPORT':
    case 'EINVAL':
      return says(
        'HOST',
        `${host} is not an address of this machine (${code}): set HOST to one of its addresses, or leave it out to listen on all of them.`,
      );
    default:
      return undefined;
  }
}
