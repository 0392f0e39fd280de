import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseEnv } from 'node:util';
import { readConfig } from '../../src/boot/config.ts';
import { runsProgram } from '../process/running-server.ts';
import { PASSWORD } from '../support/portal.ts';
import { startCommand } from '../support/start-command.ts';
import { requireTool } from '../support/tools.ts';
import { ROOT, shipped } from './shipped.ts';

const SECRET = 'one-secret-of-more-than-32-characters';

describe('The systemd units', () => {
  let folder: string;
  let units: string[];

  /** The units as in /etc/systemd/system, with the path of this program. */
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'postern-deploy-'));
    cpSync(join(ROOT, 'deploy/systemd'), folder, { recursive: true });
    cpSync(join(folder, 'postern-server@.service'), join(folder, 'postern-server@3001.service'));
    units = readdirSync(folder).filter((name) => /\.(service|timer)$/.test(name) && !name.includes('@.'));
    for (const unit of units) {
      const text = readFileSync(join(folder, unit), 'utf8')
        .replaceAll('/opt/postern/node_modules/.bin/node', process.execPath)
        .replaceAll('/opt/postern/', `${ROOT}/`);
      writeFileSync(join(folder, unit), text);
    }
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  const analyze = (...options: readonly string[]) =>
    spawnSync(requireTool('systemd-analyze'), options, { encoding: 'utf8' });
  const paths = () => units.map((unit) => join(folder, unit));
  const services = () => paths().filter((path) => path.endsWith('.service'));

  it('have only settings that systemd knows, and only files that exist', () => {
    assert.ok(units.length >= 5, units.join());
    const { status, stderr } = analyze('verify', '--man=no', ...paths());
    // Messages about units of the machine itself are ignored.
    const complaints = stderr.split('\n').filter((line) => line.includes('postern'));
    assert.deepEqual([complaints, status], [[], 0]);
  });

  it('are rated "OK" by systemd, with an exposure of 1.5 of 10 or less', () => {
    for (const service of services()) {
      const { stdout } = analyze('security', '--offline=true', '--no-pager', service);
      const [, exposure = 'none', verdict] =
        /Overall exposure level for \S+: ([\d.]+) (\w+)/.exec(stdout) ?? [];
      assert.equal(verdict, 'OK', stdout);
      assert.ok(Number(exposure) <= 1.5, `${service}: ${exposure}`);
    }
  });

  it('start the server as npm start does', () => {
    const unit = shipped('systemd/postern-server@.service');
    const [, start = ''] = /^ExecStart=\S+\/node (.+)$/m.exec(unit) ?? [];
    const { environment, args } = startCommand();
    assert.equal(start.replace('/opt/postern/', ''), args.join(' '));
    const set = /^Environment=(.+)$/m.exec(unit)?.[1]?.split(' ') ?? [];
    for (const [name, value] of Object.entries(environment))
      assert.ok(set.includes(`${name}=${value}`), name);
  });

  it('run existing commands', async () => {
    const environment = { DATA_DIR: join(folder, 'data') };
    const jobs = services()
      .map((path) => /^ExecStart=.*src\/cli\.js (.+)$/m.exec(readFileSync(path, 'utf8'))?.[1])
      .filter((command) => command !== undefined);
    assert.ok(jobs.length >= 2, jobs.join());
    for (const job of jobs) {
      const ended = await runsProgram('src/cli.js', environment, job.split(' '));
      assert.deepEqual([ended.code, ended.errors], [0, ''], job);
    }
  });
});

describe('The environment of the services', () => {
  let folder: string;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'postern-deploy-'));
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  /** The shipped file, with secrets and data in the folder. */
  function environment(replacements: Readonly<Record<string, string>> = {}): string {
    writeFileSync(join(folder, 'app-secret'), SECRET);
    writeFileSync(join(folder, 'smtp-url'), 'smtps://postern:hush@mail.example.org');
    writeFileSync(join(folder, 'database-url'), 'postgres://postern:hush@localhost/postern');
    writeFileSync(join(folder, 'redis-url'), 'redis://:hush@localhost');
    return shipped('systemd/postern.env', {
      '/etc/postern/': `${folder}/`,
      '/var/lib/postern': join(folder, 'data'),
      ...replacements,
    });
  }

  it('is sufficient for production', () => {
    const outcome = readConfig({ NODE_ENV: 'production', PORT: '3001', ...parseEnv(environment()) });
    assert.ok(outcome.ok, JSON.stringify(outcome));
    assert.deepEqual(outcome.config.mailFrom, { name: 'Example Help', address: 'help@example.org' });
    assert.equal(outcome.config.databaseUrl, 'postgres://postern:hush@localhost/postern');
    assert.deepEqual(outcome.config.trustProxy, ['loopback']);
  });

  it('is also that of the operator’s commands, which the script runs for another folder', () => {
    const own = { DATABASE_URL_FILE: '#', REDIS_URL_FILE: '#' };
    const file = join(folder, 'postern.env');
    writeFileSync(file, environment(own));
    const script = join(folder, 'postern');
    writeFileSync(
      script,
      shipped('systemd/postern', {
        '/var/lib/postern': folder,
        'runuser -u postern -- ': '',
        '/opt/postern/node_modules/.bin/node': process.execPath,
        '/etc/postern/postern.env': file,
        '/opt/postern/': `${ROOT}/`,
      }),
    );
    chmodSync(script, 0o755);
    const run = (...args: readonly string[]) =>
      execFileSync(script, args, {
        cwd: '/',
        input: PASSWORD,
        encoding: 'utf8',
        env: { PATH: '/usr/bin:/bin' },
      });
    assert.match(run('user', 'create', 'ann@example.org', '--name', 'Ann Example'), /was created/);
    run('backup', 'today.jsonl.gz');
    assert.ok(readdirSync(folder).includes('today.jsonl.gz'), 'files are named from the data folder');
  });
});
