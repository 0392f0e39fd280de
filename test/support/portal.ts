import { copyFileSync, existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Express } from 'express';
import { pino } from 'pino';
import type { Account, Role } from '../../src/accounts/account.ts';
import { createApp } from '../../src/app.ts';
import { type Actor, party } from '../../src/audit/audit.ts';
import { compose } from '../../src/composition.ts';
import { type Environment, readConfig } from '../../src/config.ts';
import type { Services } from '../../src/services.ts';
import { migrate, openDatabase } from '../../src/storage/database.ts';
import type { Clock } from '../../src/time.ts';
import { type Mailbox, openMailbox } from './mailbox.ts';
import { PASSWORD, quickAccount } from './quick-account.ts';
import { redis } from './servers.ts';

/** Where sessions are kept in a run; every journey is made on both. */
export const SESSION_STORES = ['database', 'redis'] as const;
export type SessionStore = (typeof SESSION_STORES)[number];

/** The command line, as the one who prepares things. */
export const OPERATOR: Actor = {
  party: { id: null, label: 'test' },
  origin: { requestId: 'test', address: '', browser: '' },
};

export { PASSWORD };

export interface TestPortal {
  readonly store: SessionStore;
  /** Where the database lies, in `postern.sqlite`. */
  readonly folder: string;
  readonly app: Express;
  readonly services: Services;
  readonly mailbox: Mailbox;
  /** What has been logged so far. */
  readonly log: () => string;
  readonly now: () => number;
  /** Moves the portal's clock. Milliseconds. */
  readonly wait: (milliseconds: number) => void;
  /** Resolves once the mails that are new have been tried. */
  readonly delivered: () => Promise<void>;
  /** Tries what is due in the mail queue, too. */
  readonly deliver: () => Promise<void>;
  /** Creates an account with `PASSWORD`. */
  readonly account: (email: string, role?: Role, name?: string) => Promise<Account>;
  readonly close: () => Promise<void>;
}

/** The real portal on real parts: SQLite, the session store, an SMTP server. */
export async function openPortal(
  store: SessionStore,
  environment: Environment = {},
  time: Clock = Date.now,
): Promise<TestPortal> {
  const mailbox = await openMailbox();
  const folder = mkdtempSync(path.join(tmpdir(), 'postern-'));
  const outcome = readConfig({
    DATA_DIR: folder,
    SMTP_URL: mailbox.url,
    BASE_URL: 'http://localhost:3000',
    ...(store === 'redis' && { REDIS_URL: (await redis()).url }),
    ...environment,
  });
  if (!outcome.ok) throw new Error(JSON.stringify(outcome.faults));
  const lines: string[] = [];
  const logger = pino(
    { level: environment['LOG_LEVEL'] ?? 'debug' },
    { write: (line: string) => lines.push(line) },
  );
  let moved = 0;
  const clock = () => time() + moved;
  await prepareTables(outcome.config.databaseUrl);
  const portal = await compose(outcome.config, { clock, logger });
  await portal.migrate();
  const { services } = portal;
  return {
    store,
    folder: outcome.config.dataDir,
    app: createApp(services),
    services,
    mailbox,
    log: () => lines.join(''),
    now: clock,
    wait: (milliseconds) => {
      moved += milliseconds;
    },
    delivered: portal.delivered,
    async deliver() {
      portal.startDelivery();
      await portal.delivered();
    },
    async account(email, role = 'member', name = 'Ann Example') {
      const account = await quickAccount({ services, now: clock }, { email, name, role });
      await services.audit.record('account.created', OPERATOR.origin, OPERATOR.party, party(account));
      return account;
    },
    async close() {
      await portal.close();
      await mailbox.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

let template: Promise<string> | undefined;

/** An SQLite database that is not there yet begins as a copy of one that was migrated once for this process. */
async function prepareTables(url: string): Promise<void> {
  const [, file] = /^sqlite:(.+)$/.exec(url) ?? [];
  if (file === undefined || existsSync(file)) return;
  template ??= migratedFile();
  copyFileSync(await template, file);
}

async function migratedFile(): Promise<string> {
  const folder = mkdtempSync(path.join(tmpdir(), 'postern-template-'));
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  const file = path.join(folder, 'postern.sqlite');
  const db = openDatabase(`sqlite:${file}`);
  await migrate(db);
  await db.destroy();
  return file;
}

/** A second instance over the same database, session store, keys, mail server and time. */
export async function anotherInstance({ store, folder, mailbox, now }: TestPortal): Promise<TestPortal> {
  return openPortal(store, { DATA_DIR: folder, SMTP_URL: mailbox.url }, now);
}

/** Describes a journey once and makes it on each session store. `portal()` is open during the tests. */
export function onBothStores(
  title: string,
  suite: (portal: () => TestPortal) => void,
  environment?: Environment,
): void {
  for (const store of SESSION_STORES) {
    describe(`${title} (sessions in the ${store === 'redis' ? 'Redis' : 'database'})`, () => {
      let portal: TestPortal | undefined;
      before(async () => {
        portal = await openPortal(store, environment);
      });
      after(async () => {
        await portal?.close();
      });
      suite(() => {
        if (!portal) throw new Error('The portal is open during the tests only.');
        return portal;
      });
    });
  }
}
