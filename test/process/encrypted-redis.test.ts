import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { selfSigned } from '../support/certificates.ts';
import { freePort } from '../support/free-port.ts';
import { Person } from '../support/person.ts';
import { PASSWORD } from '../support/portal.ts';
import { told, untilWhole } from '../support/redis-sets.ts';
import { type OwnServer, ownServer, ownServerOf, REDIS } from '../support/servers.ts';
import { givesPassword } from '../support/steps.ts';
import { endAll, runsProgram, startsServer } from './running-server.ts';

const email = 'ann@example.org';

describe('A Redis with a password and only TLS', () => {
  let folder: string;
  let redis: OwnServer;
  let place: string;
  let authority: string;
  let speaksTls: readonly string[];

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'postern-process-'));
    const { certificate, key } = selfSigned(folder);
    const port = await freePort();
    speaksTls = [
      ...['--tls-cert-file', certificate, '--tls-key-file', key],
      ...['--tls-ca-cert-file', certificate, '--tls-auth-clients', 'no'],
    ];
    redis = await ownServer('redis', [
      ...['--tls-port', String(port), ...speaksTls],
      ...['--user', 'postern', 'on', '>sesame', '~postern:*', '+@all'],
      ...['--user', 'default', 'on', 'nopass', '-@all', '+ping', '+hello', '+client'],
    ]);
    place = `localhost:${port}`;
    authority = certificate;
    const args = ['user', 'create', email, '--name', 'Ann'];
    assert.equal((await runsProgram('src/cli.js', { DATA_DIR: folder }, args, PASSWORD)).code, 0);
  });
  after(async () => {
    endAll();
    await redis.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  const signsIn = async (url: string, trusted: boolean) => {
    const environment = { DATA_DIR: folder, REDIS_URL: url };
    const server = await startsServer({ ...environment, ...(trusted && { NODE_EXTRA_CA_CERTS: authority }) });
    const ann = new Person(server.app, server.options);
    await ann.visits('/sign-in');
    const ready = await fetch(`${server.url}/readyz`);
    const answer: unknown = await ready.json();
    if (ready.status === 200) await givesPassword(ann, email);
    assert.ok(!server.log().includes('sesame'), 'the password stays out of the log');
    await server.stop();
    return { path: ann.page.path, status: ann.page.status, answer };
  };
  const away = { path: '/sign-in', status: 503, answer: { status: 'unavailable', missing: ['sessions'] } };

  it('stores the sessions of a server that knows the password and trusts its certificate', async () => {
    const { path, answer } = await signsIn(`rediss://postern:sesame@${place}`, true);
    assert.deepEqual([path, answer], ['/profile/two-factor/suggestion', { status: 'ok' }]);
  });

  for (const [what, url, environment, words] of [
    ['does not trust its certificate', 'postern:sesame', {}, /certificate of Redis is not trusted \(\w+\)/],
    ['has the wrong password', 'postern:wrong', { NODE_EXTRA_CA_CERTS: '' }, /WRONGPASS/],
  ] as const) {
    it(`prevents the start of a server that ${what}`, async () => {
      const ended = await runsProgram('src/start.js', {
        ...{ DATA_DIR: folder, HOST: '127.0.0.1', PORT: String(await freePort()) },
        REDIS_URL: `rediss://${url}@${place}`,
        ...('NODE_EXTRA_CA_CERTS' in environment && { NODE_EXTRA_CA_CERTS: authority }),
      });
      assert.equal(ended.code, 78, ended.output);
      assert.match(ended.errors, words);
      assert.doesNotMatch(ended.errors + ended.output, /sesame|wrong@/);
    });
  }

  it('behind a Sentinel stores the sessions if the certificates of both are trusted', async () => {
    const port = await freePort();
    const sentinel = await ownServerOf({
      ...REDIS,
      prepare: async (at) => {
        const lines = [
          'resolve-hostnames yes',
          'announce-hostnames yes',
          `monitor main localhost ${portOf(place)} 1`,
        ];
        writeFileSync(join(at, 'sentinel.conf'), lines.map((line) => `sentinel ${line}\n`).join(''));
      },
      options: (at, plainPort) => [
        ...[join(at, 'sentinel.conf'), '--sentinel', '--port', String(plainPort), '--dir', at],
        ...['--tls-port', String(port), '--tls-replication', 'yes', ...speaksTls],
      ],
    });
    const url = `rediss+sentinel://postern:sesame@localhost:${port}/main`;
    const { path, answer } = await signsIn(url, true);
    assert.notEqual(path, '/sign-in');
    assert.deepEqual(answer, { status: 'ok' });
    assert.deepEqual(await signsIn(url, false), away);
    await sentinel.stop();
  });

  it('as a Cluster stores the sessions if its certificate is trusted', async () => {
    const port = await freePort();
    const node = await ownServer('redis', [
      ...['--cluster-enabled', 'yes', '--cluster-port', String(await freePort()), '--tls-cluster', 'yes'],
      ...['--cluster-announce-hostname', 'localhost', '--cluster-preferred-endpoint-type', 'hostname'],
      ...['--tls-port', String(port), ...speaksTls],
      ...['--user', 'postern', 'on', '>sesame', '~postern:*', '+@all'],
    ]);
    await told(node.url, 'CLUSTER', 'ADDSLOTSRANGE', '0', '16383');
    await untilWhole([node]);
    const url = `rediss+cluster://postern:sesame@localhost:${port}`;
    const { path, answer } = await signsIn(url, true);
    assert.notEqual(path, '/sign-in');
    assert.deepEqual(answer, { status: 'ok' });
    assert.deepEqual(await signsIn(url, false), away);
    await node.stop();
  });
});

function portOf(place: string): string {
  return place.replace('localhost:', '');
}
