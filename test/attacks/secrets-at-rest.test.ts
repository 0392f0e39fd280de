import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { linkIn } from '../support/mailbox.ts';
import { fromBase32 } from '../support/one-time-code.ts';
import { Person } from '../support/person.ts';
import { OPERATOR, onBothStores, PASSWORD } from '../support/portal.ts';
import { givesPassword, nextStep, signsIn } from '../support/steps.ts';
import { sessionsOf, tablesOf } from '../support/stored.ts';
import {
  enrolsEmail,
  mailedCode,
  newEmail,
  thiefOf,
  trustsBrowser,
  victimWithCodes,
} from '../support/victim.ts';

const NEXT = 'forty brown sparrows fly';
const MISTYPED = 'seventeen green heronz';
const waiting = 'wilma@example.org';

interface Secret {
  readonly what: string;
  readonly text: string;
}

onBothStores('An attacker who reads logs, database, session store and mails', (portal) => {
  const secrets: Secret[] = [];
  /** Only their owners may know them: they are in no log, but the store needs those of the session. */
  const cookies: Secret[] = [];
  const codes: Secret[] = [];

  function note(what: string, ...texts: readonly string[]): void {
    for (const text of texts) {
      assert.ok(text.length >= 8, `${what}: ${text}`);
      secrets.push({ what, text });
    }
  }

  function noteCookies(person: Person): void {
    for (const [name, value] of person.cookies) {
      const [, token = ''] = decodeURIComponent(value).split('.');
      cookies.push({ what: `cookie ${name}`, text: value }, { what: `token of ${name}`, text: token });
    }
  }

  async function typesCode(person: Person, code: string): Promise<void> {
    codes.push({ what: 'code', text: code });
    person.fillsIn('Verification Code', code);
    await person.presses('Continue');
  }

  /** An outdated form, of which the rest is kept. */
  async function sendsStale(person: Person, address: string, fields: Record<string, string>): Promise<void> {
    const { status } = await person.submitsRaw('POST', address, fields, { csrf: 'stale' });
    assert.equal(status, 403);
  }

  before('everything that people do is done once', async () => {
    note('password', PASSWORD, NEXT, MISTYPED);
    const vera = await victimWithCodes(portal());
    const { secret } = vera.app.entry;
    const bytes = fromBase32(secret);
    note('secret of the app', secret, (secret.match(/.{4}/g) ?? []).join(' '), bytes.toString('hex'));
    note('secret of the app', bytes.toString('base64'), bytes.toString('base64url'));
    note(
      'recovery code',
      ...vera.recoveryCodes,
      ...vera.recoveryCodes.map((code) => code.replaceAll('-', '')),
    );

    const mistaken = new Person(portal().app);
    await mistaken.visits('/sign-in');
    await givesPassword(mistaken, vera.email, MISTYPED);
    await sendsStale(mistaken, '/sign-in', { email: vera.email, password: PASSWORD });

    const trusted = await trustsBrowser(portal(), vera);
    codes.push({ what: 'code', text: vera.app.code(portal().now()) });
    noteCookies(trusted);
    const recovering = await thiefOf(portal(), vera);
    await recovering.visits('/sign-in/code/recovery');
    recovering.fillsIn('Recovery code', vera.recoveryCodes[0] ?? '');
    await recovering.presses('Continue');
    const wrong = await thiefOf(portal(), vera);
    await sendsStale(wrong, '/sign-in/code/recovery', { code: vera.recoveryCodes[1] ?? '' });
    await sendsStale(wrong, '/sign-in/code', { code: vera.app.code(portal().now(), 1) });
    nextStep(portal());
    await typesCode(wrong, vera.app.code(portal().now()));

    // A half-enrolled second app, and recovery codes on display.
    await wrong.visits('/profile/two-factor/set-up/app');
    note('secret of an app half way', wrong.page.$('#setup-key').text().replace(/\s/g, ''));
    await wrong.submitsRaw('POST', '/profile/two-factor/set-up/app', {
      step: 'scan',
      name: 'x',
      code: '000000',
    });
    await wrong.visits('/profile/two-factor/recovery-codes');
    await wrong.presses('Create new codes');
    const shown = wrong.page.$('.recovery-codes code').toArray();
    note('recovery code that is shown', ...shown.map((code) => wrong.page.$(code).text()));
    assert.equal(shown.length, 10);
    noteCookies(wrong);

    const email = newEmail('emil');
    await enrolsEmail(portal(), await portal().account(email));
    const emil = await signsIn(portal(), email);
    await typesCode(emil, await mailedCode(portal(), email));
    await portal().services.credentials.requestReset(email, OPERATOR.origin);
    const link = linkIn(await portal().mailbox.next(email));
    note('token of a link', new URL(link).searchParams.get('token') ?? '');
    await emil.visits(link);
    const { token } = emil.form('Save password').fields;
    await sendsStale(emil, '/reset-password', { token: String(token), newPassword: NEXT });
    emil.fillsIn('New password', NEXT);
    await emil.presses('Save password');
    noteCookies(emil);
    const pending = await signsIn(portal(), vera.email);
    noteCookies(pending);

    // The mail server has accepted it without a response: it waits to be sent again.
    portal().mailbox.behave('drops');
    await portal().account(waiting);
    await portal().services.credentials.requestReset(waiting, OPERATOR.origin);
    const unconfirmed = linkIn(await portal().mailbox.next(waiting));
    note('token of a link that waits', new URL(unconfirmed).searchParams.get('token') ?? '');
    assert.ok(secrets.length >= 40 && cookies.length > 6 && codes.length > 2);
  });

  /** The secrets that occur in a text; a code only if no other digit or letter touches it. */
  function found(text: string, among: readonly Secret[]): string[] {
    const folded = text.toLowerCase();
    return among
      .filter((secret) => secret.text !== '' && folded.includes(secret.text.toLowerCase()))
      .map(({ what, text: secret }) => `${what} ${secret}`);
  }

  const foundCodes = (text: string) =>
    codes.filter(({ text: code }) => new RegExp(`\\b${code}\\b`).test(text));

  it('finds none of them in the log at its most verbose level', () => {
    const log = portal().log();
    assert.ok(log.split('\n').length > 50);
    assert.deepEqual(found(log, [...secrets, ...cookies]), []);
    assert.deepEqual(foundCodes(log), []);
    assert.ok(!log.includes('token='));
  });

  it('finds none of them in any table', async () => {
    const { sessions: _store, ...tables } = await tablesOf(portal());
    assert.ok(Object.keys(tables).length > 10);
    const mails = tables['mails'] ?? [];
    assert.ok(
      mails.some((row) => /"state":"waiting".*"letter":"\{/.test(row)),
      'a letter that waits',
    );
    assert.ok(
      mails.some((row) => /"kind":"code".*"letter":null/.test(row)),
      'a code that was sent',
    );
    assert.ok(
      mails.every((row) => /"state":"waiting"|"letter":null/.test(row)),
      'no letter that does not wait',
    );
    for (const [table, rows] of Object.entries(tables)) {
      assert.deepEqual(found(rows.join('\n'), [...secrets, ...cookies]), [], table);
      assert.deepEqual(foundCodes(rows.join('\n')), [], table);
    }
  });

  it('finds none of them in the files of the database, including deleted rows and the journal', () => {
    const files = readdirSync(portal().folder).filter((name) => name.startsWith('postern.sqlite'));
    assert.ok(files.length > 0);
    for (const name of files) {
      const bytes = readFileSync(path.join(portal().folder, name), 'latin1');
      assert.deepEqual(found(bytes, secrets), [], name);
    }
  });

  it('finds none of them in the session store', async () => {
    const sessions = (await sessionsOf(portal())).join('\n');
    assert.match(sessions, /kind\\?":\\?"pending/);
    assert.match(sessions, /freshCodes/);
    assert.match(sessions, /enrolment/);
    assert.deepEqual(found(sessions, secrets), []);
    // The store's keys are the ids; a reader of the store cannot sign them.
    assert.deepEqual(
      found(
        sessions,
        cookies.filter(({ what }) => what.startsWith('token')),
      ),
      [],
    );
    assert.deepEqual(foundCodes(sessions), []);
  });

  it('finds in the mails only what people have to type or follow', () => {
    const mails = portal().mailbox.messages.map(({ text, html, subject }) => `${subject}\n${text}\n${html}`);
    assert.ok(mails.length > 5);
    const never = secrets.filter(({ what }) => !what.startsWith('token of a link'));
    assert.deepEqual(found(mails.join('\n'), [...never, ...cookies]), []);
  });
});
