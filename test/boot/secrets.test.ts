import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { addSecret, type SecretPlace, secretSource } from '../../src/boot/secrets.ts';
import { Keyring } from '../../src/kernel/keyring.ts';

const SECRET = 'first-secret-of-at-least-32-characters';
const OLDER = 'older-secret-of-at-least-32-characters';
const SECRETS_MODULE = fileURLToPath(new URL('../../src/boot/secrets.ts', import.meta.url));

const run = promisify(execFile);

describe('The secrets', () => {
  let parent: string;
  let path: string;
  let inDataFolder: { secrets: SecretPlace };
  beforeEach(() => {
    parent = mkdtempSync(join(tmpdir(), 'postern-secrets-'));
    path = join(parent, 'data', 'secret');
    inDataFolder = { secrets: { kind: 'data folder', path } };
  });
  afterEach(() => rmSync(parent, { recursive: true }));

  it('are created at the first start: 32 random bytes that only the owner can read', () => {
    const [secret = ''] = secretSource(inDataFolder)();
    assert.equal(Buffer.from(secret, 'base64url').length, 32);
    assert.equal(statSync(path).mode & 0o777, 0o600);
    assert.equal(statSync(join(parent, 'data')).mode & 0o777, 0o700);
    assert.deepEqual(readdirSync(join(parent, 'data')), ['secret']);
  });

  it('are the same at the next start', () => {
    assert.deepEqual(secretSource(inDataFolder)(), secretSource(inDataFolder)());
  });

  it('are the same for processes that start together', async () => {
    // Each process requests the secrets of 40 folders, all at the same moments.
    const script = `
      const { secretSource } = await import(${JSON.stringify(SECRETS_MODULE)});
      const found = [];
      for (let round = 0; round < 40; round += 1) {
        const path = ${JSON.stringify(path)} + round + '/secret';
        while (Date.now() < ${Date.now() + 2000} + round * 10);
        found.push(secretSource({ secrets: { kind: 'data folder', path } })());
      }
      console.log(JSON.stringify(found));`;
    const starts = Array.from({ length: 4 }, () =>
      run(process.execPath, ['--input-type=module', '-e', script]),
    );
    const outputs = (await Promise.all(starts)).map(({ stdout }) => stdout);
    assert.equal(outputs.length, 4);
    assert.equal(new Set(outputs).size, 1);
    assert.equal(JSON.parse(outputs[0] ?? '').length, 40);
    assert.deepEqual(readdirSync(`${path}0`), ['secret']);
  });

  it('get a new first one by a rotation, and lose none', () => {
    const source = secretSource(inDataFolder);
    const before = source();
    assert.equal(addSecret(inDataFolder), true);
    const after = source();
    assert.equal(after.length, 2);
    assert.notEqual(after[0], before[0]);
    assert.deepEqual(after.slice(1), before);
    assert.equal(statSync(path).mode & 0o777, 0o600);
    assert.deepEqual(readdirSync(join(parent, 'data')), ['secret']);
  });

  it('reach a running keyring after a rotation: it opens what the new one has sealed', () => {
    const running = new Keyring(secretSource(inDataFolder));
    addSecret(inDataFolder);
    const sealed = new Keyring(secretSource(inDataFolder)).seal('text', 'place');
    assert.equal(running.open(sealed, 'place'), 'text');
  });

  it('can be rotated before the first start', () => {
    assert.equal(addSecret(inDataFolder), true);
    assert.equal(secretSource(inDataFolder)().length, 2);
  });

  it('are not changed while another rotation is running', () => {
    const before = secretSource(inDataFolder)();
    writeFileSync(`${path}.new`, '');
    assert.throws(() => addSecret(inDataFolder), /Another rotation is running/);
    assert.deepEqual(secretSource(inDataFolder)(), before);
    assert.ok(existsSync(`${path}.new`));
  });

  it('from the environment keep their order, and are not rotated', () => {
    const config = { secrets: { kind: 'environment', secrets: [SECRET, OLDER] } } as const;
    assert.deepEqual(secretSource(config)(), [SECRET, OLDER]);
    assert.equal(addSecret(config), false);
  });

  it("from the operator's file are read again at each call, and not rotated", () => {
    const file = join(parent, 'mine');
    const config = { secrets: { kind: 'file', path: file } } as const;
    writeFileSync(file, `${OLDER}\n`);
    const source = secretSource(config);
    assert.deepEqual(source(), [OLDER]);
    writeFileSync(file, `\n${SECRET}\r\n${OLDER}\n\n`);
    assert.deepEqual(source(), [SECRET, OLDER]);
    assert.equal(addSecret(config), false);
    assert.equal(readFileSync(file, 'utf8'), `\n${SECRET}\r\n${OLDER}\n\n`);
  });

  it('never replace an existing file that cannot be used', () => {
    secretSource(inDataFolder)();
    writeFileSync(path, '');
    assert.throws(() => secretSource(inDataFolder)(), /cannot be read, or a secret in it has fewer than 32/);
    assert.equal(readFileSync(path, 'utf8'), '');
  });
});
