import assert from 'node:assert/strict';
import { chmodSync, chownSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server as HttpServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createClient } from 'redis';
import { openDatabase } from '../../src/storage/sql/database.ts';
import { CREATION_TIMEOUT, type EmptyDatabase, MARIADB, POSTGRESQL } from '../support/databases.ts';
import { freePort } from '../support/free-port.ts';
import { identity, mariadb, type OwnServer, ownServer, postgres } from '../support/servers.ts';
import { until } from '../support/until.ts';
import { type Ended, endAll, runsProgram, runsServerUnder, startsServer } from './running-server.ts';

const SECRET = 'one-secret-of-at-least-32-characters';

/** One sentence, with the name of the variable, on standard error and in the log; and no stack. */
function assertTold(ended: Ended, code: 1 | 78, variable: string, ...words: readonly RegExp[]): void {
  const all = `${ended.errors}\n${ended.output}`;
  assert.equal(ended.code, code, all);
  assert.match(ended.errors, new RegExp(`^Postern cannot start\\.\\n  ${variable}: [^\\n]+\\n$`), all);
  for (const one of words) assert.match(ended.errors, one);
  assert.match(ended.output, new RegExp(`"level":"fatal".*"event":"sys_crash","variable":"${variable}"`));
  assert.doesNotMatch(all, /\n\s+at |"stack"|hush/);
  assert.doesNotMatch(ended.output, /Postern is ready/);
}

describe('A start in an unsuitable environment', () => {
  let folder: string;
  let web: HttpServer;
  let webPort: number;
  const dropping: (() => Promise<void>)[] = [];
  before(async () => {
    web = createServer((_request, response) => response.end('hello')).listen(0, '127.0.0.1');
    await new Promise((resolve) => web.once('listening', resolve));
    const address = web.address();
    webPort = typeof address === 'object' ? (address?.port ?? 0) : 0;
  });
  after(() => {
    web.close();
    web.closeAllConnections();
  });
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'postern-process-'));
  });
  afterEach(async () => {
    endAll();
    for (const drop of dropping.splice(0)) await drop();
    rmSync(folder, { recursive: true, force: true });
  });

  const starts = async (environment: Readonly<Record<string, string>>) =>
    runsProgram('src/start.js', {
      ...{ DATA_DIR: folder, HOST: '127.0.0.1', PORT: String(await freePort()) },
      ...environment,
    });

  /** Runs statements as the administrator of a server; those of `undo` at the end of the test. */
  const onServer = async (url: string, statements: readonly string[], undo: readonly string[] = []) => {
    const run = async (all: readonly string[]) => {
      const db = openDatabase(url);
      for (const one of all) await db.raw(one);
      await db.destroy();
    };
    dropping.unshift(() => run(undo));
    await run(statements);
  };
  const urlFor = (server: string, user: string, password: string, database: string) => {
    const url = new URL(server);
    Object.assign(url, { username: user, password, pathname: `/${database}` });
    return url.href;
  };
  const created = async (engine: { create(): Promise<EmptyDatabase> }) => {
    const empty = await engine.create();
    dropping.unshift(empty.drop);
    return empty.url;
  };

  describe('PostgreSQL', () => {
    let server: string;
    before(async function () {
      this.timeout(CREATION_TIMEOUT);
      server = (await postgres()).url;
    });

    for (const encoding of ['LATIN1', 'SQL_ASCII']) {
      it(`refuses a database in ${encoding}, and creates no table in it`, async () => {
        const create = `create database postern_narrow encoding '${encoding}' locale 'C' template template0`;
        await onServer(server, [create], ['drop database postern_narrow with (force)']);
        const url = urlFor(server, 'postgres', '', 'postern_narrow');
        assertTold(
          await starts({ DATABASE_URL: url }),
          78,
          'DATABASE_URL',
          new RegExp(encoding),
          /encoding 'UTF8'/,
        );
        const db = openDatabase(url);
        assert.equal(await db.schema.hasTable('knex_migrations'), false);
        await db.destroy();
      });
    }

    it('prints the statement that gives a user the right to create tables; with it, all is well', async () => {
      await onServer(
        server,
        [
          "create role postern_poor login password 'hush'",
          'create database postern_poor',
          'grant all on database postern_poor to postern_poor',
        ],
        ['drop database postern_poor with (force)', 'drop role postern_poor'],
      );
      const url = urlFor(server, 'postern_poor', 'hush', 'postern_poor');
      const ended = await starts({ DATABASE_URL: url });
      assertTold(ended, 78, 'DATABASE_URL', /permission denied for schema public/);
      const [, statement = ''] =
        /: (grant usage, create on schema public to "postern_poor";)\n$/.exec(ended.errors) ?? [];
      await onServer(urlFor(server, 'postgres', '', 'postern_poor'), [statement]);
      const running = await startsServer({ DATA_DIR: folder, DATABASE_URL: url });
      assert.equal((await fetch(`${running.url}/readyz`)).status, 200);
      assert.equal((await running.stop()).code, 0);
    });

    it('names a missing database, and a refused user', async () => {
      const missing = urlFor(server, 'postgres', 'hush', 'postern_nowhere');
      const words = /create database "postern_nowhere" owner "postgres" encoding 'UTF8'/;
      assertTold(await starts({ DATABASE_URL: missing }), 78, 'DATABASE_URL', words);
      const nobody = urlFor(server, 'postern_nobody', 'hush', 'postgres');
      assertTold(await starts({ DATABASE_URL: nobody }), 78, 'DATABASE_URL', /the user "postern_nobody"/);
    });

    it('reports that a server accepts no writes, which may pass: exit code 1, so that supervisors try again', async () => {
      const url = `${await created(POSTGRESQL)}?options=-c%20default_transaction_read_only%3Don`;
      assertTold(await starts({ DATABASE_URL: url }), 1, 'DATABASE_URL', /accepts no writes/);
    });
  });

  describe('MariaDB', () => {
    let server: string;
    before(async function () {
      this.timeout(CREATION_TIMEOUT);
      server = (await mariadb()).url;
    });

    it('stores every letter whatever the encoding of the database', async () => {
      await onServer(
        server,
        ['create database postern_latin character set latin1'],
        ['drop database postern_latin'],
      );
      const url = urlFor(server, 'root', '', 'postern_latin');
      const running = await startsServer({ DATA_DIR: folder, DATABASE_URL: url });
      const args = ['user', 'create', 'ann@example.org', '--name', 'Łukasz 日本 🦉', '--invite'];
      assert.equal((await runsProgram('src/cli.js', { DATA_DIR: folder, DATABASE_URL: url }, args)).code, 0);
      const listed = await runsProgram('src/cli.js', { DATA_DIR: folder, DATABASE_URL: url }, [
        'user',
        'list',
        '--json',
      ]);
      assert.match(listed.output, /Łukasz 日本 🦉/);
      assert.equal((await running.stop()).code, 0);
    });

    it('names a converted table, and a statement that repairs it', async () => {
      const url = await created(MARIADB);
      const running = await startsServer({ DATA_DIR: folder, DATABASE_URL: url });
      assert.equal((await running.stop()).code, 0);
      const db = openDatabase(url);
      await db.raw('alter table audit_events convert to character set utf8mb3');
      const ended = await starts({ DATABASE_URL: url });
      assertTold(ended, 78, 'DATABASE_URL', /utf8mb3, which cannot store every character: "audit_events"/);
      await db.raw(/for each of them: (.*)\n$/.exec(ended.errors)?.[1] ?? '');
      await db.destroy();
      const again = await startsServer({ DATA_DIR: folder, DATABASE_URL: url });
      assert.equal((await again.stop()).code, 0);
    });

    it('names a missing database, a wrong password, and a missing right', async () => {
      await onServer(
        server,
        [
          "create user postern_poor@'127.0.0.1' identified by 'hush'",
          'create database postern_poor',
          "grant select, insert on postern_poor.* to postern_poor@'127.0.0.1'",
        ],
        ['drop database postern_poor', "drop user postern_poor@'127.0.0.1'"],
      );
      const url = (password: string, database: string) => urlFor(server, 'postern_poor', password, database);
      assertTold(
        await starts({ DATABASE_URL: url('hush-hush', 'postern_poor') }),
        78,
        'DATABASE_URL',
        /check the name and the password/,
      );
      assertTold(
        await starts({ DATABASE_URL: url('hush', 'nowhere') }),
        78,
        'DATABASE_URL',
        /create database `nowhere` character set utf8mb4/,
      );
      assertTold(
        await starts({ DATABASE_URL: url('hush', 'postern_poor') }),
        78,
        'DATABASE_URL',
        /grant all on `postern_poor`\.\* to/,
      );
    });
  });

  for (const [scheme, kind] of [
    ['postgres', 'PostgreSQL'],
    ['mariadb', 'MariaDB'],
  ] as const) {
    it(`distinguishes a ${kind} that is unavailable (exit code 1) from another program at its port (78)`, async () => {
      const url = (port: number) => `${scheme}://ann:hush@127.0.0.1:${port}/postern`;
      const away = await starts({ DATABASE_URL: url(1), DATABASE_TIMEOUT: '1' });
      assertTold(
        away,
        1,
        'DATABASE_URL',
        new RegExp(`no ${kind} answers at 127\\.0\\.0\\.1:1 \\(ECONNREFUSED\\)`),
      );
      const other = await starts({ DATABASE_URL: url(webPort), DATABASE_TIMEOUT: '1' });
      assertTold(other, 78, 'DATABASE_URL', new RegExp(`127\\.0\\.0\\.1:${webPort} is not ${kind}`));
    });
  }

  describe('SQLite and the data folder', () => {
    it('refuse a file that is not a database', async () => {
      for (const name of ['postern.sqlite', 'diary'])
        writeFileSync(join(folder, name), 'Dear diary, '.repeat(1000));
      assertTold(await starts({}), 78, 'DATA_DIR', /postern\.sqlite is not a SQLite database/);
      assertTold(await starts({ DATABASE_URL: `sqlite:${join(folder, 'diary')}` }), 78, 'DATABASE_URL');
    });

    it('name the user who may not write there', async () => {
      const as = identity(['nobody']);
      const user = as.uid === undefined ? /the user "/ : new RegExp(`the user "nobody" \\(uid ${as.uid}\\)`);
      for (const [name, mode] of [
        ['closed', 0o555],
        ['locked', 0o000],
      ] as const) {
        const place = join(folder, name);
        mkdirSync(place);
        chmodSync(folder, 0o755);
        chmodSync(place, mode);
        const environment = { HOST: '127.0.0.1', PORT: String(await freePort()), DATA_DIR: place };
        assertTold(await runsServerUnder({ as }, environment), 78, 'DATA_DIR', user, /may not write to/);
        chmodSync(place, 0o700);
      }
      // The file belongs to the user, but the folder, where SQLite creates files beside it, does not.
      const file = join(folder, 'postern.sqlite');
      writeFileSync(file, '');
      if (as.uid !== undefined && as.gid !== undefined) chownSync(file, as.uid, as.gid);
      chmodSync(folder, 0o555);
      const environment = {
        HOST: '127.0.0.1',
        PORT: String(await freePort()),
        DATA_DIR: folder,
        APP_SECRET: SECRET,
      };
      const ended = await runsServerUnder({ as }, environment);
      chmodSync(folder, 0o700);
      assertTold(ended, 78, 'DATA_DIR', user);
    });

    it('name the missing folder if the user may not create it: there is none whose owner could be changed', async () => {
      const as = identity(['nobody']);
      chmodSync(folder, 0o555);
      const missing = join(folder, 'not');
      const environment = {
        HOST: '127.0.0.1',
        PORT: String(await freePort()),
        DATA_DIR: join(missing, 'there'),
      };
      const ended = await runsServerUnder({ as }, environment);
      chmodSync(folder, 0o700);
      assertTold(
        ended,
        78,
        'DATA_DIR',
        new RegExp(`may not create ${missing} \\(EACCES\\): create it and make`),
      );
    });

    it('do not hang below /proc, and name the file that is in the way', async () => {
      const file = join(folder, 'file');
      writeFileSync(file, '');
      for (const place of ['/proc/postern', '/proc/postern/data'])
        assertTold(await starts({ DATA_DIR: place }), 78, 'DATA_DIR', /cannot be created|may not create/);
      for (const place of [join(file, 'data'), file])
        assertTold(
          await starts({ DATA_DIR: place }),
          78,
          'DATA_DIR',
          new RegExp(`${file} is a file, not a folder`),
        );
    });

    it('report at the start that the disk cannot be written, which may pass', async () => {
      const running = await startsServer({ DATA_DIR: folder });
      assert.equal((await running.stop()).code, 0);
      const environment = { HOST: '127.0.0.1', PORT: String(await freePort()), DATA_DIR: folder };
      const ended = await runsServerUnder({ wrapper: ['prlimit', '--fsize=4096'] }, environment);
      assertTold(ended, 1, 'DATA_DIR', /the disk of .*postern\.sqlite/);
    });

    it('are checked for secrets and the outbox before the first visit, wherever the database is', async () => {
      const DATABASE_URL = `sqlite:${join(folder, 'elsewhere.sqlite')}`;
      const place = join(folder, 'data');
      writeFileSync(place, '');
      assertTold(await starts({ DATA_DIR: place, DATABASE_URL }), 78, 'DATA_DIR');
      assertTold(
        await starts({ DATA_DIR: place, DATABASE_URL, APP_SECRET: SECRET }),
        78,
        'DATA_DIR',
        /outbox/,
      );
      writeFileSync(join(folder, 'secret'), 'short\n', { mode: 0o600 });
      assertTold(await starts({ DATABASE_URL }), 78, 'DATA_DIR', /cannot read \S+secret, or a secret/);
      // Neither is there: the folder is not needed.
      const running = await startsServer({
        DATA_DIR: place,
        DATABASE_URL,
        APP_SECRET: SECRET,
        SMTP_URL: 'smtp://127.0.0.1:1',
      });
      assert.equal((await running.stop()).code, 0);
      assert.ok(!readdirSync(folder).includes('outbox'));
    });
  });

  describe('A port', () => {
    it('in use is reported, for the site and for the metrics, and no server stays half-started', async () => {
      const taken = String(webPort);
      assertTold(await starts({ PORT: taken }), 78, 'PORT', new RegExp(`another program uses port ${taken}`));
      assertTold(
        await starts({ METRICS_PORT: taken }),
        78,
        'METRICS_PORT',
        new RegExp(`another program uses port ${taken}`),
      );
    });

    it('on a host that is not this machine’s is an error of HOST', async () => {
      for (const HOST of ['192.0.2.1', 'nowhere.invalid'])
        assertTold(
          await starts({ HOST }),
          78,
          'HOST',
          new RegExp(`${HOST} is not an address of this machine`),
        );
    });
  });

  describe('The command line', () => {
    it('reports the same error of the database, in one line', async () => {
      const ran = await runsProgram(
        'src/cli.js',
        {
          DATA_DIR: folder,
          DATABASE_URL: `postgres://ann:hush@127.0.0.1:${webPort}/x`,
          DATABASE_TIMEOUT: '1',
        },
        ['user', 'list'],
      );
      assert.equal(ran.code, 78);
      assert.match(
        ran.errors,
        /^DATABASE_URL: the program at [^\n]* is not PostgreSQL: correct the address\.\n$/,
      );
    });

    it('names the option by which a database was given to migrate-data', async () => {
      const running = await startsServer({ DATA_DIR: folder });
      await running.stop();
      const from = `sqlite:${join(folder, 'postern.sqlite')}`;
      const to = 'postgres://ann:hush@127.0.0.1:1/x';
      const ran = await runsProgram('src/cli.js', { DATA_DIR: folder }, [
        'migrate-data',
        '--from',
        from,
        '--to',
        to,
      ]);
      assert.equal(ran.code, 1);
      assert.match(ran.errors, /^--to: no PostgreSQL answers at 127\.0\.0\.1:1 \(ECONNREFUSED\)[^\n]*\n$/);
    });
  });

  describe('Redis', () => {
    let own: OwnServer;
    let admin: Awaited<ReturnType<typeof connected>>;
    before(async function () {
      this.timeout(CREATION_TIMEOUT);
      own = await ownServer('redis');
      admin = await connected(own.url);
      await admin.sendCommand(['ACL', 'SETUSER', 'poor', 'on', '>hush', '~postern:*', '+ping']);
      const rights = ['on', '>hush', '~postern:*', '+ping', '+set', '+getex', '+del'];
      await admin.sendCommand(['ACL', 'SETUSER', 'lacking', ...rights]);
      await admin.sendCommand(['ACL', 'SETUSER', 'sufficient', ...rights, '+get']);
    });
    after(async () => {
      admin.destroy();
      await own.stop();
    });
    const redisUrl = (user: string, password: string) => urlFor(own.url, user, password, '');

    it('is an error if waiting does not help: password, rights, number of the database, another program', async () => {
      for (const [url, words] of [
        [redisUrl('poor', 'hush-hush'), /WRONGPASS/],
        [redisUrl('poor', 'hush'), /NOPERM.*acl setuser NAME ~postern:\* \+getex \+get \+set \+del \+ping/],
        [redisUrl('lacking', 'hush'), /NOPERM.*'get'.*acl setuser NAME/],
        [`${own.url}/99`, /no database with the number/],
        [`redis://127.0.0.1:${webPort}`, /is not Redis/],
      ] as const) {
        assertTold(await starts({ REDIS_URL: url }), 78, 'REDIS_URL', words);
      }
      const running = await startsServer({ DATA_DIR: folder, REDIS_URL: redisUrl('sufficient', 'hush') });
      assert.equal((await fetch(`${running.url}/readyz`)).status, 200, 'these rights are enough');
      assert.equal((await running.stop()).code, 0);
    });

    for (const [what, spoil, mend, words] of [
      ['is full', ['CONFIG', 'SET', 'maxmemory', '1'], ['CONFIG', 'SET', 'maxmemory', '0'], /OOM/],
      ['is a replica', ['REPLICAOF', '127.0.0.1', '1'], ['REPLICAOF', 'NO', 'ONE'], /READONLY/],
    ] as const) {
      it(`that ${what} leaves the server not ready; both are logged once, and it is ready when that is over`, async () => {
        await admin.sendCommand([...spoil]);
        const running = await startsServer({ DATA_DIR: folder, REDIS_URL: own.url });
        const readiness = async () => (await fetch(`${running.url}/readyz`)).status;
        for (let time = 0; time < 3; time += 1) assert.equal(await readiness(), 503);
        await admin.sendCommand([...mend]);
        await until('it is ready', async () => (await readiness()) === 200);
        await running.stop();
        const lines = running
          .log()
          .split('\n')
          .filter((line) => /Redis is (?:un)?available/.test(line));
        assert.equal(lines.length, 2, lines.join('\n'));
        assert.match(lines[0] ?? '', words);
        assert.match(lines[1] ?? '', /Redis is available again/);
      });
    }
  });
});

async function connected(url: string) {
  return createClient({ url })
    .on('error', () => {})
    .connect();
}
