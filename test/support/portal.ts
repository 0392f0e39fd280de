import { copyFileSync, existsSync, mkdtempSync, rmSync } from 'node:fs';
import type { RequestListener } from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Express } from 'express';
import { pino } from 'pino';
import type { Account, Role } from '../../src/accounts/account.ts';
import type { PasswordHasher } from '../../src/accounts/password-hasher.ts';
import { createApp, createSite } from '../../src/app.ts';
import type { Actor } from '../../src/audit/audit.ts';
import { readConfig } from '../../src/boot/config.ts';
import type { Environment } from '../../src/boot/environment.ts';
import { systemRandom } from '../../src/kernel/random.ts';
import type { Clock } from '../../src/kernel/time.ts';
import { composePortal } from '../../src/portal.ts';
import type { Services } from '../../src/services.ts';
import { migrate, openDatabase } from '../../src/storage/sql/database.ts';
import { type Mailbox, openMailbox } from './mailbox.ts';
import { QUICK_HASHER } from './password-hashing.ts';
import { PASSWORD, quickAccount } from './quick-account.ts';
import { redis } from './servers.ts';

/** The session store of a portal. */
const SESSION_STORES = ['database', 'redis'] as const;
export type SessionStore = (typeof SESSION_STORES)[number];

/** The command line, as the actor of preparations. */
export const OPERATOR: Actor = {
  party: { id: null, label: 'test' },
  origin: { requestId: 'test', address: '', browser: '' },
};

export { PASSWORD };

export interface TestPortal {
  readonly store: SessionStore;
  /** The folder of the database, `postern.sqlite`. */
  readonly folder: string;
  /** The pages. */
  readonly app: Express;
  /** The pages, and the checks of apps in front of them: what the server runs. */
  readonly site: RequestListener;
  readonly services: Services;
  readonly mailbox: Mailbox;
  readonly passwordHasher: PasswordHasher;
  /** The log so far. */
  readonly log: () => string;
  readonly now: () => number;
  /** Advances the portal's clock. Milliseconds. */
  readonly wait: (milliseconds: number) => void;
  /** The clock stands still during `work`, however slow the machine is: for pages that say how many seconds are left. */
  readonly atOnce: (work: () => Promise<void>) => Promise<void>;
  /** Resolves once the new mails have been tried. */
  readonly delivered: () => Promise<void>;
  /** Also tries what is due in the mail queue. */
  readonly deliver: () => Promise<void>;
  /** Creates an account with `PASSWORD`. */
  readonly account: (email: string, role?: Role, name?: string) => Promise<Account>;
  /** Removes expired data. */
  readonly forget: () => Promise<void>;
  readonly close: () => Promise<void>;
}

export interface PortalOptions {
  readonly time?: Clock;
  /** `REAL_HASHER` if the duration of a hash, or what is stored, matters. */
  readonly passwordHasher?: PasswordHasher;
}

/** The real portal with real parts: SQLite, the session store, an SMTP server. */
export async function openPortal(
  store: SessionStore,
  environment: Environment = {},
  { time = Date.now, passwordHasher = QUICK_HASHER }: PortalOptions = {},
): Promise<TestPortal> {
  const mailbox = await openMailbox();
  const folder = mkdtempSync(path.join(tmpdir(), 'postern-'));
  const outcome = readConfig({
    DATA_DIR: folder,
    SMTP_URL: mailbox.url,
    BASE_URL: 'http://localhost:3000',
    // Everybody in the tests has one address.
    CLIENT_FAILURES: '100000',
    CLIENT_MAILS: '100000',
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
  let stopped: number | undefined;
  const clock = () => (stopped ?? time()) + moved;
  await prepareTables(outcome.config.databaseUrl);
  const portal = await composePortal(outcome.config, { clock, random: systemRandom, logger, passwordHasher });
  await portal.migrate();
  const { services } = portal;
  return {
    store,
    folder: outcome.config.dataDir,
    app: createApp(services),
    site: createSite(services),
    services,
    mailbox,
    passwordHasher,
    log: () => lines.join(''),
    now: clock,
    wait: (milliseconds) => {
      moved += milliseconds;
    },
    async atOnce(work) {
      stopped = time();
      try {
        await work();
      } finally {
        stopped = undefined;
      }
    },
    delivered: portal.delivered,
    forget: portal.forget,
    async deliver() {
      portal.startDelivery();
      await portal.delivered();
    },
    async account(email, role = 'member', name = 'Ann Example') {
      const account = await quickAccount({ services, now: clock, passwordHasher }, { email, name, role });
      await services.audit.record('account.created', OPERATOR, account);
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

/** A missing SQLite database starts as a copy of one that was migrated once for this process. */
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

/** A second instance on the same database, session store, keys, mail server and time. */
export async function anotherInstance(
  portal: TestPortal,
  environment: Environment = {},
): Promise<TestPortal> {
  const { store, folder, mailbox, now: time, passwordHasher } = portal;
  const same = { DATA_DIR: folder, SMTP_URL: mailbox.url };
  return openPortal(store, { ...same, ...environment }, { time, passwordHasher });
}

type Suite = (portal: () => TestPortal) => void;

/** Describes tests on their own portal, with its sessions in the database. `portal()` is open during the tests. */
export function onPortal(
  title: string,
  suite: Suite,
  environment?: Environment,
  options?: PortalOptions,
): void {
  describePortal(title, 'database', suite, environment, options);
}

/**
 * The same once for each session store: for tests about the session itself, how it begins, changes and ends
 * (docs/decisions/0050). How pages use a session is tested on one store.
 */
export function onBothStores(
  title: string,
  suite: Suite,
  environment?: Environment,
  options?: PortalOptions,
): void {
  for (const store of SESSION_STORES) {
    const place = store === 'redis' ? 'Redis' : 'the database';
    describePortal(`${title} (sessions in ${place})`, store, suite, environment, options);
  }
}

function describePortal(
  title: string,
  store: SessionStore,
  suite: Suite,
  environment?: Environment,
  options?: PortalOptions,
): void {
  describe(title, () => {
    let portal: TestPortal | undefined;
    before(async () => {
      portal = await openPortal(store, environment, options);
    });
    after(() => portal?.close());
    suite(() => {
      if (!portal) throw new Error('The portal is open during the tests only.');
      return portal;
    });
  });
}
