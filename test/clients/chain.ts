import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Knex } from 'knex';
import { readConfig } from '../../src/boot/config.ts';
import { createLogger } from '../../src/boot/logging.ts';
import { systemRandom } from '../../src/kernel/random.ts';
import { composePortal } from '../../src/portal.ts';
import type { Services } from '../../src/services.ts';
import { openDatabase } from '../../src/storage/sql/database.ts';
import { CADDY as CADDY_FOR_PORTAL, NGINX as NGINX_FOR_PORTAL } from '../deploy/proxies.ts';
import { endAll, type RunningServer, runsProgram, startsServer } from '../process/running-server.ts';
import { type AuthenticatorApp, earlyInStep } from '../support/authenticator-app.ts';
import { type EmptyDatabase, type Engine, SQLITE } from '../support/databases.ts';
import { freePort } from '../support/free-port.ts';
import { type Gateway, gateway } from '../support/gateway.ts';
import { type Mailbox, openMailbox } from '../support/mailbox.ts';
import { Person } from '../support/person.ts';
import { PASSWORD } from '../support/portal.ts';
import { redis } from '../support/servers.ts';
import { givesPassword, scansQrCode } from '../support/steps.ts';
import { type AppProxy, CADDY, type GuardedApp } from './app-proxies.ts';
import { type Authority, certificateAuthority } from './authority.ts';
import { PORTAL_HOST } from './names.ts';
import { Network } from './network.ts';

export const PORTAL = `https://${PORTAL_HOST}`;
/** The group that may use an app. */
export const GROUP = 'Zürich 窓口';

/** Somebody with an account and an authentication app, whose codes of this moment and later are not used yet. */
export interface Member {
  readonly email: string;
  readonly phone: AuthenticatorApp;
}

/** What an app finds when it starts: the portal runs, and has a name. */
export interface Surroundings {
  /** Where its own files go. */
  readonly folder: string;
  readonly authority: Authority;
  readonly network: Network;
  /** Runs a command of the operator's. */
  operator(args: readonly string[], input?: string): Promise<string>;
  /** Does something with the portal's services, on its database, beside the instances that run. */
  administers<Result>(work: (services: Services) => Promise<Result>): Promise<Result>;
}

export interface Apps {
  readonly apps: readonly GuardedApp[];
  close(): Promise<unknown>;
}

/** Browser, proxies, two instances of Postern on one database, and apps. */
export class Chain {
  readonly folder: string;
  readonly authority: Authority;
  readonly network: Network;
  /** Undefined on SQLite, which nothing can take away. */
  readonly database: Gateway | undefined;
  readonly instances: RunningServer[];
  readonly #environment: Readonly<Record<string, string>>;
  readonly #closing: (() => Promise<unknown>)[];
  #people = 0;

  private constructor(parts: Parts) {
    this.folder = parts.folder;
    this.authority = parts.authority;
    this.network = parts.network;
    this.database = parts.database;
    this.instances = parts.instances;
    this.#environment = parts.environment;
    this.#closing = parts.closing;
  }

  /** Starts everything but the apps, which `appsIn` starts and names. */
  static async open(
    proxy: AppProxy,
    engine: Engine,
    appsIn: (surroundings: Surroundings) => Promise<Apps>,
  ): Promise<Chain> {
    const folder = mkdtempSync(join(tmpdir(), 'postern-clients-'));
    // Apache's workers are another user where it is started by root.
    chmodSync(folder, 0o755);
    const closing: (() => Promise<unknown>)[] = [
      async () => rmSync(folder, { recursive: true, force: true }),
    ];
    try {
      return new Chain(await partsOf({ proxy, engine, appsIn, folder, closing }));
    } catch (error) {
      await closeAll(closing);
      throw error;
    }
  }

  /** Ends everything, in the opposite order. */
  async close(): Promise<void> {
    await closeAll(this.#closing);
  }

  /** Runs a command of the operator's. */
  operator(args: readonly string[], input = ''): Promise<string> {
    return operates(this.#environment, args, input);
  }

  administers<Result>(work: (services: Services) => Promise<Result>): Promise<Result> {
    return withServices(this.#environment, work);
  }

  /** Reads or changes what is stored, as nobody but the database's owner can. */
  async inDatabase<Result>(work: (db: Knex) => PromiseLike<Result>): Promise<Result> {
    const db = openDatabase(this.#environment['DATABASE_URL'] ?? '');
    try {
      return await work(db);
    } finally {
      await db.destroy();
    }
  }

  /** A new account that has set up an authentication app by the pages of the portal. */
  async member(name = 'Ann Ōe'): Promise<Member> {
    this.#people += 1;
    const email = `ann${this.#people}@example.org`;
    await this.operator(['user', 'create', email, '--name', name], PASSWORD);
    const { app, options } = this.#first();
    const person = new Person(app, options);
    await person.visits('/sign-in');
    await givesPassword(person, email);
    await person.visits('/profile/two-factor');
    await person.follow('Set up authentication app');
    const phone = await scansQrCode(person);
    person.fillsIn('Authenticator Name', 'Phone');
    // The step before the present one; later ones are left for signing in.
    await earlyInStep();
    person.fillsIn('Verification Code', phone.code(Date.now(), -1));
    await person.presses('Submit Code and Create');
    assert.equal(person.page.heading, 'Recovery codes');
    return { email, phone };
  }

  /** Ends all instances; `start` has them again where they were. */
  async stopInstances(): Promise<void> {
    await Promise.all(this.instances.map((instance) => instance.stop()));
  }

  async startInstances(): Promise<void> {
    const again = this.instances.map(({ url }) =>
      startsServer({ ...this.#environment, PORT: new URL(url).port }),
    );
    this.instances.splice(0, this.instances.length, ...(await Promise.all(again)));
  }

  /** Pages of the portal that were answered so far, redirects and checks left out. */
  pagesServed(): number {
    const lines = this.instances.flatMap(({ log }) => log().split('\n'));
    return lines.filter((line) => isPage(line)).length;
  }

  /** How many checks each instance has answered. */
  checks(): number[] {
    return this.instances.map(({ log }) => log().match(/"path":"\/guard\//g)?.length ?? 0);
  }

  #first(): RunningServer {
    const [first] = this.instances;
    if (!first) throw new Error('No instance runs.');
    return first;
  }
}

interface Parts {
  readonly folder: string;
  readonly authority: Authority;
  readonly network: Network;
  readonly database: Gateway | undefined;
  readonly instances: RunningServer[];
  readonly environment: Readonly<Record<string, string>>;
  readonly closing: (() => Promise<unknown>)[];
}

interface Wanted extends Pick<Parts, 'folder' | 'closing'> {
  readonly proxy: AppProxy;
  readonly engine: Engine;
  readonly appsIn: Parameters<typeof Chain.open>[2];
}

async function partsOf({ proxy, engine, appsIn, folder, closing }: Wanted): Promise<Parts> {
  const mailbox = await openMailbox();
  closing.push(() => mailbox.close());
  const empty = await engine.create();
  closing.push(() => empty.drop());
  const database = engine === SQLITE ? undefined : await gateway(empty.url);
  closing.push(async () => database?.cut());
  const authority = certificateAuthority(folder);
  const network = await Network.open();
  closing.push(() => network.close());
  const environment = {
    ...(await environmentOf(folder, database ?? empty, mailbox)),
    ...network.environment(authority),
  };
  const isAlone = engine === SQLITE;
  const instances = await Promise.all((isAlone ? [1] : [1, 2]).map(() => startsServer(environment)));
  closing.push(async () => {
    await Promise.all(instances.map((instance) => instance.stop()));
    endAll();
  });
  const [first = '', second = first] = instances.map(({ url }) => new URL(url).host);
  const shared = { authority, instances: [first, second] as const };
  const portalProxy = proxy === CADDY ? CADDY_FOR_PORTAL : NGINX_FOR_PORTAL;
  const site = {
    ...shared,
    certificate: authority,
    port: await freePort(),
    plainPort: await freePort(),
    host: PORTAL_HOST,
  };
  closing.push(await portalProxy.start({ ...site, folder: subfolder(folder, 'portal') }));
  network.leads(PORTAL_HOST, site.port);
  const operator: Surroundings['operator'] = (args, input) => operates(environment, args, input);
  const administers: Surroundings['administers'] = (work) => withServices(environment, work);
  const { apps, close } = await appsIn({ folder, authority, network, operator, administers });
  closing.push(close);
  const own = {
    ...shared,
    port: await freePort(),
    plainPort: await freePort(),
    apps,
    folder: subfolder(folder, 'front'),
  };
  closing.push(await proxy.start(own));
  for (const { host } of apps) network.leads(host, own.port);
  return { folder, authority, network, database, instances, environment, closing };
}

async function environmentOf(folder: string, { url }: Pick<EmptyDatabase, 'url'>, mailbox: Mailbox) {
  return {
    NODE_ENV: 'production',
    DATA_DIR: join(folder, 'data'),
    BASE_URL: PORTAL,
    APP_SECRET: 'one-secret-of-more-than-32-characters',
    DATABASE_URL: url,
    REDIS_URL: (await redis()).url,
    SMTP_URL: mailbox.url,
    TRUST_PROXY: 'loopback',
    GUARD_PROXIES: '127.0.0.1',
  };
}

async function operates(environment: Parts['environment'], args: readonly string[], input = '') {
  const { code, output, errors } = await runsProgram('src/cli.js', environment, args, input);
  assert.equal(code, 0, `${args.join(' ')}: ${errors}`);
  return output;
}

async function withServices<Result>(
  environment: Parts['environment'],
  work: (services: Services) => Promise<Result>,
): Promise<Result> {
  const outcome = readConfig(environment);
  if (!outcome.ok) throw new Error(JSON.stringify(outcome.faults));
  const logger = createLogger('silent', process.stderr);
  const portal = await composePortal(outcome.config, { clock: Date.now, random: systemRandom, logger });
  try {
    return await work(portal.services);
  } finally {
    await portal.close();
  }
}

function subfolder(folder: string, name: string): string {
  const path = join(folder, name);
  mkdirSync(path);
  return path;
}

async function closeAll(closing: (() => Promise<unknown>)[]): Promise<void> {
  for (let close = closing.pop(); close; close = closing.pop()) await close();
}

function isPage(line: string): boolean {
  if (!line.includes('"msg":"request"')) return false;
  const { path, status } = JSON.parse(line) as { path: string; status: number };
  return !/^\/(guard|assets)\/|\.(css|js|svg|ico)$/.test(path) && !(status >= 300 && status < 400);
}
