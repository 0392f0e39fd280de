import assert from 'node:assert/strict';
import { join } from 'node:path';
import { hours } from '../../src/kernel/time.ts';
import { secondFactorSubject } from '../../src/limits/failure-backoff.ts';
import { throttleRow } from '../../src/storage/limits.ts';
import { openDatabase } from '../../src/storage/sql/database.ts';
import { codeIn } from '../support/mailbox.ts';
import type { Person } from '../support/person.ts';
import { onPortal } from '../support/portal.ts';
import { atStepStart, nextStep, setsUpApp, setsUpEmail, signsIn } from '../support/steps.ts';
import { victimOf } from '../support/victim.ts';

onPortal('The second step by email', (portal) => {
  let number = 0;
  let email = '';
  let ann: Person;

  /** A new person with email authentication, half-way through signing in. */
  beforeEach(async () => {
    email = `ann${number++}@example.org`;
    await portal().account(email);
    await setsUpEmail(portal(), await signsIn(portal(), email), email);
    portal().wait(3_600_000);
    ann = await signsIn(portal(), email);
  });

  it('starts with the password, names the authenticator and masks the address', async () => {
    assert.equal(ann.page.heading, 'Enter the code from your email');
    assert.match(ann.page.text, /“Work mail” sends a code to a•••@example\.org/);
    assert.match(
      ann.page.text,
      /We emailed a 6-digit code to a•••@example\.org on .* UTC\. .*use the latest/,
    );
    ann.fillsIn('Verification Code', codeIn(await portal().mailbox.next(email)));
    await ann.presses('Continue');
    assert.equal(ann.page.heading, 'Hello, Ann Example');
  });

  it('is shown on “Your 2FA” as the last use', async () => {
    ann.fillsIn('Verification Code', codeIn(await portal().mailbox.next(email)));
    await ann.presses('Continue');
    await ann.visits('/profile/two-factor');
    assert.match(ann.page.text, /Last used \d+ \w+ \d{4} at \d\d:\d\d UTC/);
  });

  for (const [how, spelled] of [
    ['spaces', (code: string) => ` ${code.slice(0, 3)} ${code.slice(3)} `],
    ['a hyphen', (code: string) => `${code.slice(0, 3)}-${code.slice(3)}`],
    [
      'full-width digits',
      (code: string) => code.replace(/\d/g, (digit) => String.fromCodePoint(0xff10 + Number(digit))),
    ],
    [
      'Arabic-Indic digits',
      (code: string) => code.replace(/\d/g, (digit) => String.fromCodePoint(0x660 + Number(digit))),
    ],
  ] as const) {
    it(`accepts a code with ${how}`, async () => {
      ann.fillsIn('Verification Code', spelled(codeIn(await portal().mailbox.next(email))));
      await ann.presses('Continue');
      assert.equal(ann.page.heading, 'Hello, Ann Example');
    });
  }

  for (const [what, typed, words] of [
    ['nothing', '', /Enter the code/],
    ['letters', 'abcdef', /6 digits only/],
    ['too few digits', '12345', /6 digits/],
    ['10,000 digits', '1'.repeat(10_000), /6 digits/],
  ] as const) {
    it(`refuses ${what} with a message, without counting an attempt`, async () => {
      const code = codeIn(await portal().mailbox.next(email));
      for (let time = 0; time < 6; time++) {
        ann.fillsIn('Verification Code', typed);
        await ann.presses('Continue');
        assert.equal(ann.page.status, 422);
        assert.match(ann.page.errorAt('Verification Code'), words);
      }
      ann.fillsIn('Verification Code', code);
      await ann.presses('Continue');
      assert.equal(ann.page.heading, 'Hello, Ann Example');
    });
  }

  it('sends no mail for a reload or a wrong code', async () => {
    await portal().mailbox.next(email);
    const before = portal().mailbox.sentTo(email).length;
    await ann.visits('/sign-in/code');
    ann.fillsIn('Verification Code', '000000');
    await ann.presses('Continue');
    await ann.visits('/sign-in/code');
    assert.equal(portal().mailbox.sentTo(email).length, before);
  });

  it('sends the next code when the button is pressed, says how long to wait before, and makes the old code invalid', async () => {
    const old = codeIn(await portal().mailbox.next(email));
    await ann.presses('Send a new code');
    assert.equal(ann.page.status, 429);
    assert.match(ann.page.errorAt('Verification Code'), /next code in (30|29) seconds/);
    portal().wait(31_000);
    await ann.presses('Send a new code');
    assert.equal(ann.page.notice, 'We sent a new code. Only the latest code works.');
    const fresh = codeIn(await portal().mailbox.next(email));
    ann.fillsIn('Verification Code', old);
    await ann.presses('Continue');
    if (old !== fresh) assert.match(ann.page.errorAt('Verification Code'), /is wrong/);
    ann.fillsIn('Verification Code', fresh);
    await ann.presses('Continue');
    assert.equal(ann.page.heading, 'Hello, Ann Example');
  });

  it('says so when the mail server refuses, and still limits the number of codes', async () => {
    await portal().mailbox.next(email);
    portal().mailbox.refuse(true);
    try {
      portal().wait(31_000);
      await ann.presses('Send a new code');
      assert.equal(ann.page.status, 422);
      assert.match(ann.page.errorAt('Verification Code'), /could not be sent/);
      await ann.presses('Send a new code');
      assert.match(ann.page.errorAt('Verification Code'), /next code in/);
    } finally {
      portal().mailbox.refuse(false);
    }
  });

  it('says so on the code page when the mail server refuses the first code', async () => {
    portal().wait(31_000);
    portal().mailbox.refuse(true);
    try {
      const other = await signsIn(portal(), email);
      assert.match(other.page.notice ?? '', /could not be sent/);
      assert.doesNotMatch(other.page.text, /We emailed a 6-digit code/);
    } finally {
      portal().mailbox.refuse(false);
    }
  });

  it('is valid for ten minutes', async () => {
    const code = codeIn(await portal().mailbox.next(email));
    portal().wait(10 * 60_000);
    ann.fillsIn('Verification Code', code);
    await ann.presses('Continue');
    assert.match(ann.page.errorAt('Verification Code'), /has expired/);
  });

  it('lets in one of twenty concurrent requests with the right code', async () => {
    ann.fillsIn('Verification Code', codeIn(await portal().mailbox.next(email)));
    const answers = await ann.races(20, 'Continue');
    const accepted = answers.filter(({ status, headers }) => status === 303 && headers['location'] === '/');
    assert.equal(accepted.length, 1);
  });

  it('makes attackers wait from the fifth failure on, across sessions and resends, and mails the person', async () => {
    await portal().mailbox.next(email);
    for (let failures = 0; failures < 3; failures++) {
      ann.fillsIn('Verification Code', '000000');
      await ann.presses('Continue');
    }
    portal().wait(31_000);
    await ann.presses('Send a new code');
    await portal().mailbox.next(email);
    const other = await signsIn(portal(), email);
    await portal().atOnce(async () => {
      for (let failures = 3; failures < 5; failures++) {
        other.fillsIn('Verification Code', '000000');
        await other.presses('Continue');
        assert.equal(other.page.status, 422);
      }
      ann.fillsIn('Verification Code', '000000');
      await ann.presses('Continue');
    });
    assert.equal(ann.page.status, 429);
    assert.match(ann.page.errorAt('Verification Code'), /Wait 30 seconds/);
    assert.match((await portal().mailbox.next(email)).text ?? '', /password/i);
  });

  it('accepts a code only in the browser that requested it', async () => {
    const code = codeIn(await portal().mailbox.next(email));
    portal().wait(31_000);
    const other = await signsIn(portal(), email);
    other.fillsIn('Verification Code', code);
    await other.presses('Continue');
    assert.equal(other.page.status, 422);
  });

  it('closes every page of the account until it is done', async () => {
    for (const path of [
      '/',
      '/profile',
      '/profile/two-factor',
      '/profile/two-factor/set-up/app',
      '/step-up',
      '/admin',
    ]) {
      await ann.visits(path);
      assert.equal(ann.page.path, '/sign-in/code', path);
    }
    await ann.visits('/sign-in/set-up/app');
    assert.equal(ann.page.path, '/sign-in/code');
  });

  it('can be cancelled', async () => {
    await ann.presses('Cancel and sign out');
    await ann.visits('/sign-in/code');
    assert.equal(ann.page.heading, 'Sign in');
  });

  it('explains what to do when access is lost', async () => {
    await portal().services.settings.change({ helpContact: 'help@example.org, room 5' });
    await ann.follow('Can’t get a code?');
    assert.equal(ann.page.heading, 'Can’t get a code?');
    assert.match(ann.page.text, /help@example\.org, room 5/);
    await ann.follow('Back');
    assert.equal(ann.page.path, '/sign-in/code');
  });
});

onPortal('The second step by app', (portal) => {
  it('accepts the code of the present time step, the one before and the one after, each once', async () => {
    await portal().account('app@example.org');
    atStepStart(portal());
    const app = await setsUpApp(portal(), await signsIn(portal(), 'app@example.org'), 'app@example.org');
    const used = app.code(portal().now());
    let ann = await signsIn(portal(), 'app@example.org');
    assert.equal(ann.page.heading, 'Enter the code from your app');
    assert.match(ann.page.text, /“Phone”/);
    ann.fillsIn('Verification Code', used);
    await ann.presses('Continue');
    assert.match(ann.page.errorAt('Verification Code'), /have already used/, 'the code of the enrolment');
    for (const [waiting, offset] of [
      [120_000, -1],
      [120_000, 0],
      [120_000, 1],
    ] as const) {
      portal().wait(waiting);
      atStepStart(portal());
      ann = await signsIn(portal(), 'app@example.org');
      ann.fillsIn('Verification Code', app.code(portal().now(), offset));
      await ann.presses('Continue');
      assert.equal(ann.page.heading, 'Hello, Ann Example', `offset ${offset}`);
    }
    for (const offset of [-2, 2]) {
      portal().wait(120_000);
      atStepStart(portal());
      ann = await signsIn(portal(), 'app@example.org');
      ann.fillsIn('Verification Code', app.code(portal().now(), offset));
      await ann.presses('Continue');
      assert.equal(ann.page.status, 422, `offset ${offset}`);
    }
  });

  it('agrees with oathtool', async () => {
    await portal().account('oath@example.org');
    const app = await setsUpApp(portal(), await signsIn(portal(), 'oath@example.org'), 'oath@example.org');
    nextStep(portal());
    const ann = await signsIn(portal(), 'oath@example.org');
    ann.fillsIn('Verification Code', app.codeByOathtool(portal().now()));
    await ann.presses('Continue');
    assert.equal(ann.page.heading, 'Hello, Ann Example');
  });

  it('lets in one of twenty concurrent requests with one code', async () => {
    await portal().account('twenty@example.org');
    const app = await setsUpApp(
      portal(),
      await signsIn(portal(), 'twenty@example.org'),
      'twenty@example.org',
    );
    nextStep(portal());
    const ann = await signsIn(portal(), 'twenty@example.org');
    ann.fillsIn('Verification Code', app.code(portal().now()));
    const answers = await ann.races(20, 'Continue');
    assert.equal(answers.filter(({ headers }) => headers['location'] === '/').length, 1);
  });

  it("shows the server's time after two wrong codes", async () => {
    await portal().account('clock@example.org');
    await setsUpApp(portal(), await signsIn(portal(), 'clock@example.org'), 'clock@example.org');
    const ann = await signsIn(portal(), 'clock@example.org');
    for (const shown of [false, true]) {
      ann.fillsIn('Verification Code', '000000');
      await ann.presses('Continue');
      assert.equal(/Our time is .* UTC/.test(ann.page.text), shown);
    }
  });

  it('offers the other authenticator, and choosing email sends its code', async () => {
    const email = 'both@example.org';
    await portal().account(email);
    const first = await signsIn(portal(), email);
    await setsUpApp(portal(), first, email);
    await setsUpEmail(portal(), first, email);
    portal().wait(31_000);
    const ann = await signsIn(portal(), email);
    assert.equal(ann.page.heading, 'Enter the code from your app');
    await ann.follow('Use another authenticator');
    assert.match(ann.page.text, /Email Authentication · b•••@example\.org/);
    await ann.presses('Use “Work mail”');
    assert.equal(ann.page.heading, 'Enter the code from your email');
    ann.fillsIn('Verification Code', codeIn(await portal().mailbox.next(email)));
    await ann.presses('Continue');
    assert.equal(ann.page.heading, 'Hello, Ann Example');
  });

  it("does not accept another person's authenticator by its id", async () => {
    await portal().account('mallory@example.org');
    await setsUpApp(portal(), await signsIn(portal(), 'mallory@example.org'), 'mallory@example.org');
    const vera = await victimOf(portal());
    const [stolen] = await portal().services.authenticators.of(vera.account.id);
    assert.ok(stolen);
    const mallory = await signsIn(portal(), 'mallory@example.org');
    const answer = await mallory.submitsRaw('POST', '/sign-in/code/other', {
      authenticator: stolen.id,
    });
    assert.equal(answer.status, 404);
  });

  it('blocks the authenticator at a hundred failures in a row until an administrator resets it', async () => {
    const email = 'blocked@example.org';
    const account = await portal().account(email);
    const app = await setsUpApp(portal(), await signsIn(portal(), email), email);
    /** Fails once, an hour after the last time: there is no wait any more. */
    const fails = async () => {
      portal().wait(hours(1) + 1);
      const ann = await signsIn(portal(), email);
      ann.fillsIn('Verification Code', '000000');
      await ann.presses('Continue');
    };
    const isBlocked = async () =>
      (await portal().services.authenticators.of(account.id))[0]?.blockedAt !== null;
    for (let failures = 1; failures <= 6; failures += 1) await fails();
    const db = openDatabase(`sqlite:${join(portal().folder, 'postern.sqlite')}`);
    const failures = throttleRow(db, secondFactorSubject(account.id));
    assert.equal(await failures.where({ failures: 6 }).update({ failures: 98 }), 1);
    await db.destroy();
    await fails();
    assert.equal(await isBlocked(), false, 'after ninety-nine');
    await fails();
    assert.equal(await isBlocked(), true, 'after a hundred');
    const again = await signsIn(portal(), email);
    assert.match(again.page.text, /blocked after too many wrong codes/);
    const answer = await again.submitsRaw('POST', '/sign-in/code', { code: app.code(portal().now()) });
    assert.equal(answer.headers['location'], '/sign-in/code');
    const query = { event: 'second-step.blocked', person: email, page: 1, pageSize: 5 } as const;
    assert.equal((await portal().services.audit.search(query)).total, 1);
    const { origin, party } = {
      origin: { requestId: '', address: '', browser: '' },
      party: { id: null, label: 'x' },
    };
    await portal().services.administration.resetTwoFactor(account, { origin, party });
    assert.deepEqual(await portal().services.authenticators.of(account.id), []);
  });
});
