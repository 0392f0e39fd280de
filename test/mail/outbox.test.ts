import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { simpleParser } from 'mailparser';
import { pino } from 'pino';
import { outboxTransport } from '../../src/mail/outbox-transport.ts';
import { codeIn, linkIn } from '../support/mailbox.ts';
import { ANN, codeMessage, NOW, postOver, TOKEN } from './post-under-test.ts';

describe('The outbox', () => {
  let parent: string;
  let folder: string;
  let log: Record<string, unknown>[];
  let post: ReturnType<typeof postOver>;
  beforeEach(() => {
    parent = mkdtempSync(join(tmpdir(), 'postern-outbox-'));
    folder = join(parent, 'data', 'outbox');
    log = [];
    const logger = pino({}, { write: (line: string) => log.push(JSON.parse(line)) });
    post = postOver(outboxTransport(folder, logger), { baseUrl: 'http://localhost:3000' });
  });
  afterEach(() => rmSync(parent, { recursive: true }));

  const files = () => readdirSync(folder);
  const read = (file = '') => readFileSync(join(folder, file));

  it('stores each mail whole in its own file, named by its time', async () => {
    for (const code of ['111111', '222222', '333333']) {
      assert.equal(await post.send(ANN, codeMessage(code)), 'taken');
    }
    const names = files();
    assert.equal(names.length, 3);
    for (const name of names) assert.match(name, /^2030-01-31T140300Z-[0-9a-v]{26}\.eml$/);
    const mails = await Promise.all(names.map((name) => simpleParser(read(name))));
    assert.deepEqual(new Set(mails.map(codeIn)), new Set(['111111', '222222', '333333']));
    const [mail] = mails;
    assert.equal(mail?.date?.getTime(), NOW);
    assert.ok(mail?.messageId);
    assert.equal(JSON.stringify(mail?.to).includes('"address":"ann@example.org"'), true);
  });

  it('hides them from other users of the machine', async () => {
    await post.send(ANN, codeMessage());
    assert.equal(statSync(folder).mode & 0o777, 0o700);
    assert.equal(statSync(join(folder, files()[0] ?? '')).mode & 0o777, 0o600);
  });

  it('stores an English mail so that it can be read and copied as it is', async () => {
    await post.send(ANN, { kind: 'invitation', token: TOKEN, expiresAt: NOW });
    const raw = String(read(files()[0]));
    assert.ok(raw.includes(`\r\nhttp://localhost:3000/invitation?token=${TOKEN}\r\n`));
    assert.equal(linkIn(await simpleParser(raw)), `http://localhost:3000/invitation?token=${TOKEN}`);
  });

  it('stores other scripts and long links so that they can be read, searched and copied', async () => {
    const baseUrl = `http://${'a-long-name.'.repeat(12)}example.org`;
    const logger = pino({ level: 'silent' });
    const far = postOver(outboxTransport(folder, logger), { baseUrl });
    for (const [name, locale] of [
      ['José Müller', 'fr'],
      ['日本 太郎', 'ja'],
    ] as const) {
      rmSync(folder, { recursive: true, force: true });
      await far.send({ ...ANN, name, locale }, { kind: 'invitation', token: TOKEN, expiresAt: NOW });
      const raw = String(read(files()[0]));
      assert.match(raw, /^Content-Transfer-Encoding: 8bit\r$/m);
      assert.ok(raw.includes(`\r\n${baseUrl}/invitation?token=${TOKEN}\r\n`), raw);
      assert.ok(raw.includes(name));
      const mail = await simpleParser(raw);
      assert.equal(linkIn(mail), `${baseUrl}/invitation?token=${TOKEN}`);
      assert.ok(mail.text?.includes(name));
    }
  });

  it('writes the text to the log, too', async () => {
    await post.send(ANN, codeMessage('012345'));
    const [entry] = log;
    assert.equal(log.length, 1);
    assert.equal(entry?.['to'], 'ann@example.org');
    assert.match(String(entry?.['text']), /^012345$/m);
    assert.equal(entry?.['file'], join(folder, files()[0] ?? ''));
  });

  it('reports a failure when the folder cannot be written, which can be repaired', async () => {
    writeFileSync(join(parent, 'data'), 'a file where the folder should be');
    assert.equal(await post.send(ANN, codeMessage()), 'failed');
  });
});
