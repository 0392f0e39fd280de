import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SMTPServer } from 'smtp-server';
import { selfSigned } from './certificates.ts';
import { freePort } from './free-port.ts';
import { type Mailbox, openMailbox } from './mailbox.ts';

/** Why no mail gets through. */
export const OUTAGES = [
  'refuses connections',
  'greets with 421',
  'refuses our password',
  'refuses our sender',
  'has an untrusted certificate',
] as const;
export type Outage = (typeof OUTAGES)[number];

/** A mail server that fails for everyone, and comes back at the same address. */
export interface AwayMailServer {
  readonly url: string;
  /** The number of connections while it was failing. */
  readonly tries: number;
  /** It works from now on. */
  returns(): Promise<Mailbox>;
  /** It fails from now on. */
  leaves(outage: Outage): Promise<void>;
  close(): Promise<void>;
}

/** Starts a working mail server. */
export async function awayMailServer(): Promise<AwayMailServer> {
  const port = await freePort();
  const folder = mkdtempSync(join(tmpdir(), 'postern-away-'));
  const sockets = new Set<Socket>();
  let tries = 0;
  let end = async () => {};

  function listens(server: Server, closes: () => void): Promise<void> {
    server.on('connection', (socket: Socket) => {
      tries += 1;
      sockets.add(socket);
      socket.on('error', () => {}).on('close', () => sockets.delete(socket));
    });
    end = () =>
      new Promise((resolve) => {
        server.once('close', resolve);
        closes();
        for (const socket of sockets) socket.destroy();
      });
    return new Promise((resolve) => server.listen(port, '127.0.0.1', resolve));
  }

  function speaks(replies: (command: string) => string): Promise<void> {
    const server = createServer((socket) => {
      socket.write(replies('greeting'));
      socket.on('data', (chunk: Buffer) => socket.write(replies(String(chunk))));
    });
    return listens(server, () => server.close());
  }

  function hasUntrustedCertificate(): Promise<void> {
    const { certificate, key } = selfSigned(folder);
    const secure = new SMTPServer({
      ...{ cert: readFileSync(certificate), key: readFileSync(key) },
      ...{ authOptional: true, disableReverseLookup: true, closeTimeout: 0, logger: false },
    });
    secure.on('error', () => {});
    return listens(secure.server as Server, () => secure.close(() => {}));
  }

  return {
    url: `smtp://postern:secret@127.0.0.1:${port}`,
    get tries() {
      return tries;
    },
    async returns() {
      await end();
      const mailbox = await openMailbox(port);
      end = () => mailbox.close();
      return mailbox;
    },
    async leaves(outage) {
      await end();
      end = async () => {};
      if (outage === 'greets with 421') await speaks(() => '421 4.3.2 not today\r\n');
      if (outage === 'refuses our password') await speaks(passwordRefused);
      if (outage === 'refuses our sender') await speaks(senderRefused);
      if (outage === 'has an untrusted certificate') await hasUntrustedCertificate();
    },
    async close() {
      await end();
      rmSync(folder, { recursive: true });
    },
  };
}

function passwordRefused(command: string): string {
  if (command === 'greeting') return '220 hello\r\n';
  if (command.startsWith('EHLO')) return '250-hello\r\n250 AUTH PLAIN\r\n';
  return command.startsWith('AUTH') ? '535 5.7.8 not you\r\n' : '250 fine\r\n';
}

function senderRefused(command: string): string {
  if (command === 'greeting') return '220 hello\r\n';
  return command.startsWith('MAIL') ? '550 5.7.1 not in your name\r\n' : '250 fine\r\n';
}
