import assert from 'node:assert/strict';
import type { Request } from 'express';
import { z } from 'zod';
import { emailAddress, lineOfText, parseForm, sixDigits, typedPassword } from '../../src/web/forms.ts';

const schema = z.object({
  email: emailAddress(),
  name: lineOfText('error.name-missing', 10),
  password: typedPassword(),
  code: sixDigits(),
});

const GOOD = { email: 'ann@example.org', name: 'Phone', password: ' as it is ', code: '012345' };

describe('a form', () => {
  it('is parsed, trimmed if this is right, and without unknown fields', () => {
    const form = parse({ ...GOOD, name: '  Phone ', isAdmin: 'true' });
    assert.ok(form.ok);
    assert.deepEqual(form.values, GOOD);
  });

  it('gives back what was typed, except passwords, codes and tokens', () => {
    assert.deepEqual(parse({ ...GOOD, _csrf: 'x', token: 'y', email: 'bad' }).typed, {
      email: 'bad',
      name: 'Phone',
    });
  });

  it('has one error for each field', () => {
    const form = parse({});
    assert.ok(!form.ok);
    assert.deepEqual(
      form.errors.map(({ field, key }) => [field, key]),
      [
        ['email', 'error.email-missing'],
        ['name', 'error.name-missing'],
        ['password', 'error.password-missing'],
        ['code', 'error.code-missing'],
      ],
    );
  });

  for (const body of [undefined, null, 'text', 7, []]) {
    it(`takes ${JSON.stringify(body)} for an empty one`, () => {
      const form = parse(body);
      assert.ok(!form.ok);
      assert.deepEqual(form.typed, {});
    });
  }
});

describe('another code of ours instead of six digits', () => {
  for (const [typed, key] of [
    ['ABCD-EFGH-JKMN-PQRS', 'error.code-is-recovery-code'],
    ['abcd efgh jkmn pqr5', 'error.code-is-recovery-code'],
    ['3. ABCD-EFGH-JKMN-PQRS', 'error.code-is-recovery-code'],
    ['JBSW Y3DP EHPK 3PXP JBSW Y3DP EHPK 3PXP', 'error.code-is-setup-key'],
    ['abcdef', 'error.code-form'],
    ['1234567', 'error.code-form'],
  ] as const) {
    it(`gets its own message: ${typed}`, () => {
      assert.equal(sixDigits().safeParse(typed).error?.issues[0]?.message, key);
    });
  }
});

describe('a code', () => {
  for (const [how, typed] of [
    ['as it is', '012345'],
    ['with spaces', ' 012 345 '],
    ['with a no-break space', '012\u00a0345'],
    ['with hyphens of any kind', '01-23–45'],
    ['with a zero-width space', '012\u200b345'],
    ['with direction marks', '\u200e012345\u202c'],
    ['in full-width digits', '０１２３４５'],
    ['in Arabic-Indic digits', '٠١٢٣٤٥'],
    ['in Persian digits', '۰۱۲۳۴۵'],
    ['in Devanagari digits', '०१२३४५'],
    ['in mathematical digits of several alphabets', '𝟘𝟙𝟚𝟛𝟜𝟝'],
  ] as const) {
    it(`is accepted ${how}`, () => {
      assert.equal(sixDigits().parse(typed), '012345');
    });
  }

  for (const [typed, key] of [
    ['', 'error.code-missing'],
    ['   ', 'error.code-missing'],
    ['12345', 'error.code-form'],
    ['1234567', 'error.code-form'],
    ['12345a', 'error.code-form'],
    ['1234½5', 'error.code-form'],
    ['1'.repeat(10_000), 'error.code-form'],
    [['012345', '012345'], 'error.code-missing'],
    [12345, 'error.code-missing'],
    [undefined, 'error.code-missing'],
  ] as const) {
    it(`is refused if it is ${JSON.stringify(typed)?.slice(0, 30)}`, () => {
      assert.equal(sixDigits().safeParse(typed).error?.issues[0]?.message, key);
    });
  }
});

describe('an email address', () => {
  for (const good of [
    'ann@example.org',
    "o'neil+x@sub.example.org",
    'älter@bücher.example',
    'root@localhost',
  ]) {
    it(`may be ${good}`, () => assert.equal(emailAddress().parse(` ${good} `), good));
  }

  for (const bad of [
    'ann',
    '@example.org',
    'ann@',
    'a b@example.org',
    'a@b@c',
    '<a@b.org>',
    'a@b.org, c@d.org',
    'a@b.org\r\nBcc: c@d.org',
  ]) {
    it(`may not be ${JSON.stringify(bad)}`, () => assert.ok(!emailAddress().safeParse(bad).success));
  }
});

describe('a line of text', () => {
  const line = lineOfText('error.name-missing', 10);
  it('is trimmed and composed', () => assert.equal(line.parse(' e\u0301 '), 'é'));
  for (const bad of ['a\u0000b', 'a\nb', 'a\u202eb', 'a\u2028b', 'a\u0085b']) {
    it(`may not have ${JSON.stringify(bad.charAt(1))}`, () => {
      assert.equal(line.safeParse(bad).error?.issues[0]?.message, 'error.control-characters');
    });
  }
});

function parse(body: unknown) {
  return parseForm(schema, { body } as Request);
}
