import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { freePort } from './free-port.ts';
import { openMailbox } from './mailbox.ts';

const mailSchema = z.object({ to: z.array(z.string()), subject: z.string(), text: z.string() });
export type KeptMail = z.infer<typeof mailSchema>;

/** A mail server in its own process, which a test may kill. Its accepted mail survives it. */
export interface OwnMailServer {
  readonly url: string;
  /** All mails to this address, oldest first. */
  sentTo(address: string): readonly KeptMail[];
  signal(signal: NodeJS.Signals): void;
  kill(): Promise<void>;
  /** Starts it again at the same address. */
  start(): Promise<void>;
  /** Kills it for good. */
  stop(): Promise<void>;
}

/** Starts a mail server for the caller only, who stops it. */
export async function ownMailServer(): Promise<OwnMailServer> {
  const folder = mkdtempSync(join(tmpdir(), 'postern-mail-'));
  const file = join(folder, 'mails');
  const port = await freePort();
  let child = await startAt(port, file);
  const kill = async () => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, 'exit');
    child.kill('SIGKILL');
    await gone;
  };
  return {
    url: `smtp://127.0.0.1:${port}`,
    sentTo: (address) => mailsIn(file).filter(({ to }) => to.includes(address)),
    signal: (signal) => child.kill(signal),
    kill,
    start: async () => {
      child = await startAt(port, file);
    },
    stop: async () => {
      await kill();
      rmSync(folder, { recursive: true });
    },
  };
}

async function startAt(port: number, file: string): Promise<ChildProcess> {
  const child = spawn(process.execPath, [import.meta.filename, String(port), file], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  process.once('exit', () => child.kill('SIGKILL'));
  await once(child.stdout, 'data');
  return child;
}

function mailsIn(file: string): readonly KeptMail[] {
  if (!existsSync(file)) return [];
  const lines = readFileSync(file, 'utf8').split('\n').filter(Boolean);
  return lines.map((line) => mailSchema.parse(JSON.parse(line)));
}

/** The process itself: stores each mail in the file before it reports that it has it. */
async function serve(port: number, file: string): Promise<void> {
  await openMailbox(port, (to, { subject, text }) =>
    appendFileSync(file, `${JSON.stringify({ to, subject, text })}\n`),
  );
  process.stdout.write('ready\n');
}

if (process.argv[1] === import.meta.filename) await serve(Number(process.argv[2]), process.argv[3] ?? '');
