import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { isMailKind, LETTERS, MAILS, NOTICES } from '../../src/mail/vocabulary.ts';

const VIEWS = path.join(import.meta.dirname, '../../views/mail');

describe('The kinds of mail', () => {
  it('have one subject each, and each notice has its own sentence', () => {
    const subjects = Object.values(MAILS).map(({ subject }) => subject);
    assert.equal(new Set(subjects).size, Object.keys(LETTERS).length + Object.keys(NOTICES).length);
    const texts = Object.values(NOTICES).map(({ text }) => text);
    assert.equal(new Set(texts).size, Object.keys(NOTICES).length);
  });

  it('have a view for each letter', () => {
    const missing = Object.values(LETTERS).filter(({ view }) => !existsSync(path.join(VIEWS, `${view}.ejs`)));
    assert.deepEqual(missing, []);
  });

  it('keep the names that are in the database, and recognise no others', () => {
    for (const kind of ['code', 'e-mail changed', 'two-factor reminder'])
      assert.equal(isMailKind(kind), true);
    for (const kind of ['email changed', 'notice', '', 'constructor', '__proto__', 'toString']) {
      assert.equal(isMailKind(kind), false, kind);
    }
  });
});
