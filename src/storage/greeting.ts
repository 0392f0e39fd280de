import { connect } from 'node:net';
import { seconds } from '../kernel/time.ts';

const PATIENCE = seconds(2);

/** PostgreSQL's SSLRequest (protocol, "SSL Session Encryption"): the answer is one letter. */
const SSL_REQUEST = Buffer.from([0, 0, 0, 8, 4, 210, 22, 47]);
/** A line that most servers answer: Redis by "+PONG" (or "-NOAUTH …"), HTTP by 400. */
const ANY_LINE = Buffer.from('PING\r\n\r\n');

type Kind = 'PostgreSQL' | 'MariaDB' | 'Redis';

const OF_KIND: Readonly<Record<Kind, (answer: Buffer) => boolean>> = {
  PostgreSQL: (answer) => (answer.length === 1 ? 'SN'.includes(answer.toString('latin1')) : answer[0] === 69),
  // The server's first packet: sequence number 0, then the protocol version (10) or an error (255).
  MariaDB: (answer) => answer[3] === 0 && (answer[4] === 10 || answer[4] === 255),
  Redis: (answer) => /^(?:\+PONG|-)/.test(answer.toString('latin1')),
};

/**
 * Finds out whether a server of this kind listens at an address. The drivers only wait, or report a closed connection.
 *
 * @returns "other" for another program; "silent" if it sends nothing within two seconds
 */
export async function whatAnswers(
  kind: Kind,
  host: string,
  port: number,
): Promise<'it' | 'other' | 'silent'> {
  const socket = connect({ host, port });
  const first = new Promise<Buffer | undefined>((resolve) => {
    socket.once('data', resolve);
    for (const event of ['error', 'close', 'timeout'] as const) socket.once(event, () => resolve(undefined));
  });
  socket.setTimeout(PATIENCE);
  let isClosed = false;
  socket.once('close', () => {
    isClosed = true;
  });
  if (kind === 'PostgreSQL') socket.write(SSL_REQUEST);
  if (kind === 'Redis') socket.write(ANY_LINE);
  // MariaDB sends first; another program may wait for a request.
  const timer = setTimeout(() => socket.write(ANY_LINE), PATIENCE / 2);
  const answer = await first;
  clearTimeout(timer);
  socket.destroy();
  if (answer === undefined) return isClosed ? 'other' : 'silent';
  return OF_KIND[kind](answer) ? 'it' : 'other';
}
