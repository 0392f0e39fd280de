import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import tls from 'node:tls';
import { endAll, type RunningServer, startsServer } from '../process/running-server.ts';
import { selfSigned } from '../support/certificates.ts';
import { POSTGRESQL } from '../support/databases.ts';
import { freePort } from '../support/free-port.ts';
import { type Mailbox, openMailbox } from '../support/mailbox.ts';
import { redis } from '../support/servers.ts';
import type { Site } from './proxies.ts';

/** Two instances on one PostgreSQL and one Redis, as in production behind a proxy. */
export interface TwoInstances {
  readonly environment: Readonly<Record<string, string>>;
  readonly mailbox: Mailbox;
  /** The settings of a proxy in front of them. */
  readonly site: Site;
  readonly instances: [RunningServer, RunningServer];
  /** Ends one like a supervisor (SIGTERM) or a fault (SIGKILL), and starts it again on its port. */
  restart(which: 0 | 1, signal: 'SIGTERM' | 'SIGKILL'): Promise<number | null>;
  close(): Promise<void>;
}

/** Starts both. From here on this process trusts the site's own certificate, until they are closed. */
export async function startTwoInstances(): Promise<TwoInstances> {
  const folder = mkdtempSync(join(tmpdir(), 'postern-deploy-'));
  const mailbox = await openMailbox();
  const database = await POSTGRESQL.create();
  const certificate = selfSigned(folder);
  const usualAuthorities = tls.getCACertificates('default');
  tls.setDefaultCACertificates([...usualAuthorities, readFileSync(certificate.certificate, 'utf8')]);
  const port = await freePort();
  const environment = {
    NODE_ENV: 'production',
    DATA_DIR: join(folder, 'data'),
    BASE_URL: `https://localhost:${port}`,
    APP_SECRET: 'one-secret-of-more-than-32-characters',
    DATABASE_URL: database.url,
    REDIS_URL: (await redis()).url,
    SMTP_URL: mailbox.url,
    TRUST_PROXY: 'loopback',
    METRICS_TOKEN: 'only-for-who-watches-the-instances-themselves',
  };
  const instances: [RunningServer, RunningServer] = await Promise.all([
    startsServer(environment),
    startsServer(environment),
  ]);
  const [first, second] = instances.map(({ url }) => new URL(url).host) as [string, string];
  return {
    environment,
    mailbox,
    site: { folder, port, plainPort: await freePort(), certificate, instances: [first, second] },
    instances,
    async restart(which, signal) {
      const instance = instances[which];
      instance.signal(signal);
      const { code } = await instance.ended;
      instances[which] = await startsServer({ ...environment, PORT: new URL(instance.url).port });
      return code;
    },
    async close() {
      tls.setDefaultCACertificates(usualAuthorities);
      await Promise.all(instances.map((instance) => instance.stop()));
      endAll();
      await mailbox.close();
      await database.drop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
