import assert from 'node:assert/strict';
import type { Person } from '../support/person.ts';
import { onPortal, PASSWORD } from '../support/portal.ts';
import { nextStep, savesRecoveryCodes, scansQrCode, signsIn } from '../support/steps.ts';
import { codesLeft } from '../support/victim.ts';

onPortal('Recovery codes', (portal) => {
  let number = 0;
  let email = '';
  let ann: Person;
  let codes: string[];

  /** A new person with an app, whose recovery codes were just shown and saved. */
  beforeEach(async () => {
    email = `ann${number++}@example.org`;
    await portal().account(email);
    ann = await signsIn(portal(), email);
    await ann.visits('/profile/two-factor/set-up/app');
    const app = await scansQrCode(ann);
    ann.fillsIn('Authenticator Name', 'Phone');
    ann.fillsIn('Verification Code', app.code(portal().now()));
    await ann.presses('Submit Code and Create');
    await portal().mailbox.next(email);
    codes = await savesRecoveryCodes(portal(), ann, email);
  });

  it('are ten of 80 bits, in groups, with a mail, and shown only once', async () => {
    assert.equal(new Set(codes).size, 10);
    for (const code of codes) assert.match(code, /^([0-9A-HJKMNP-TV-Z]{4}-){3}[0-9A-HJKMNP-TV-Z]{4}$/);
    assert.equal(ann.page.path, '/profile/two-factor');
    await ann.visits('/profile/two-factor/recovery-codes');
    for (const code of codes) assert.ok(!ann.page.html.includes(code));
    assert.match(ann.page.text, /You have 10 unused codes/);
    assert.equal((await ann.loads('/profile/two-factor/recovery-codes/download')).status, 404);
  });

  it('can be downloaded as a text file while they are shown, and survive a reload until then', async () => {
    await ann.visits('/profile/two-factor/recovery-codes');
    await ann.presses('Create new codes');
    const shown = ann.page.$('.recovery-codes code').first().text();
    await ann.visits('/profile/two-factor/recovery-codes');
    assert.equal(ann.page.$('.recovery-codes code').first().text(), shown);
    const file = await ann.loads('/profile/two-factor/recovery-codes/download');
    assert.match(file.headers['content-type'] ?? '', /^text\/plain/);
    assert.match(file.headers['content-disposition'] ?? '', /attachment; filename="?recovery-codes.txt"?/);
    assert.equal(file.headers['cache-control'], 'no-store');
    assert.equal(
      file.body
        .toString()
        .split('\r\n')
        .filter((line) => /^\w{4}-/.test(line)).length,
      10,
    );
  });

  it('are no longer shown after ten minutes', async () => {
    await ann.visits('/profile/two-factor/recovery-codes');
    await ann.presses('Create new codes');
    portal().wait(10 * 60_000 - 1000);
    await ann.visits('/profile/two-factor/recovery-codes');
    portal().wait(2000);
    await ann.visits('/profile/two-factor/recovery-codes');
    assert.equal(ann.page.$('.recovery-codes').length, 0);
  });

  it('get an explanation and a link to their own page if they are typed instead of six digits, and are not used up', async () => {
    const there = await signsIn(portal(), email);
    there.fillsIn('Verification Code', codes[0] ?? '');
    await there.presses('Continue');
    assert.equal(there.page.status, 422);
    assert.match(there.page.errorAt('Verification Code'), /looks like a recovery code/);
    await there.follow('Use a recovery code');
    there.fillsIn('Recovery code', '123 456');
    await there.presses('Continue');
    assert.match(there.page.errorAt('Recovery code'), /looks like a verification code/);
    there.fillsIn('Recovery code', `1. ${codes[0]}`);
    await there.presses('Continue');
    assert.match(there.page.notice ?? '', /9 are left/);
  });

  it('let the person in once, in any spelling, with the number that is left, and lead to the authenticators', async () => {
    const there = await signsIn(portal(), email);
    await there.follow('Use a recovery code');
    there.fillsIn('Recovery code', ` ${(codes[0] ?? '').toLowerCase().replaceAll('-', ' ')} `);
    await there.presses('Continue');
    assert.equal(there.page.path, '/profile/two-factor');
    assert.match(there.page.notice ?? '', /9 are left\. Check your authenticators/);
    assert.match((await portal().mailbox.next(email)).subject ?? '', /recovery code was used/);
    const again = await signsIn(portal(), email);
    await again.follow('Use a recovery code');
    again.fillsIn('Recovery code', codes[0] ?? '');
    await again.presses('Continue');
    assert.match(again.page.errorAt('Recovery code'), /not one of your unused/);
  });

  it('are enough to replace a lost app by a new one, at once and after ten minutes', async () => {
    const uses = async (person: Person, code = '') => {
      await person.follow('Use a recovery code');
      person.fillsIn('Recovery code', code);
      await person.presses('Continue');
    };
    const lost = await signsIn(portal(), email);
    await uses(lost, codes[0]);
    await lost.follow('Edit Phone');
    assert.equal(lost.page.heading, 'Edit authentication app', 'the code counts as proof');
    portal().wait(10 * 60_000);
    await lost.presses('Replace');
    lost.fillsIn('Password', PASSWORD);
    await lost.presses('Continue');
    await uses(lost, codes[1]);
    await lost.presses('Replace');
    const fresh = await scansQrCode(lost);
    lost.fillsIn('Authenticator Name', 'Phone');
    lost.fillsIn('Verification Code', fresh.code(portal().now()));
    await lost.presses('Submit Code and Create');
    assert.match(lost.page.notice ?? '', /has replaced the earlier/);
    nextStep(portal());
    const again = await signsIn(portal(), email);
    again.fillsIn('Verification Code', fresh.code(portal().now()));
    await again.presses('Continue');
    assert.equal(again.page.heading, 'Hello, Ann Example');
  });

  it('let in one of twenty concurrent requests', async () => {
    const there = await signsIn(portal(), email);
    await there.follow('Use a recovery code');
    there.fillsIn('Recovery code', codes[1] ?? '');
    const answers = await there.races(20, 'Continue');
    assert.equal(answers.filter(({ headers }) => headers['location'] === '/profile/two-factor').length, 1);
  });

  it('make attackers wait like wrong codes of the app, counted together', async () => {
    const guesser = await signsIn(portal(), email);
    for (let failures = 0; failures < 2; failures++) {
      guesser.fillsIn('Verification Code', '000000');
      await guesser.presses('Continue');
    }
    await guesser.follow('Use a recovery code');
    await portal().atOnce(async () => {
      for (let failures = 2; failures < 6; failures++) {
        guesser.fillsIn('Recovery code', 'AAAA-AAAA-AAAA-AAAA');
        await guesser.presses('Continue');
      }
    });
    assert.equal(guesser.page.status, 429);
    assert.match(guesser.page.errorAt('Recovery code'), /Wait 30 seconds/);
  });

  it('become invalid when new ones are created', async () => {
    await ann.visits('/profile/two-factor/recovery-codes');
    await ann.presses('Create new codes');
    const there = await signsIn(portal(), email);
    await there.follow('Use a recovery code');
    there.fillsIn('Recovery code', codes[2] ?? '');
    await there.presses('Continue');
    assert.equal(there.page.status, 422);
  });

  it('end with the last authenticator, which the page announces', async () => {
    await ann.visits('/profile/two-factor');
    await ann.follow('Edit Phone');
    await ann.follow('Remove');
    assert.match(ann.page.text, /Your recovery codes will also stop working/);
    await ann.presses('Remove');
    const account = await portal().services.accounts.findByEmail(email);
    assert.ok(account);
    assert.equal(await codesLeft(portal(), account), 0);
    await ann.visits('/profile/two-factor/recovery-codes');
    assert.match(ann.page.text, /Set up an authenticator first/);
  });

  it('unblock a blocked authenticator', async () => {
    const account = await portal().services.accounts.findByEmail(email);
    const [phone] = await portal().services.authenticators.of(account?.id ?? '');
    await portal().services.authenticators.block(phone?.id ?? '', portal().now());
    const there = await signsIn(portal(), email);
    assert.match(there.page.text, /blocked after too many wrong codes/);
    await there.follow('Use a recovery code');
    there.fillsIn('Recovery code', codes[3] ?? '');
    await there.presses('Continue');
    const [freed] = await portal().services.authenticators.of(account?.id ?? '');
    assert.equal(freed?.blockedAt, null);
  });

  it('are created only after a step-up, and never by a half-signed-in person', async () => {
    portal().wait(11 * 60_000);
    const answer = await ann.submitsRaw('POST', '/profile/two-factor/recovery-codes', {});
    assert.match(answer.headers['location'] ?? '', /^\/step-up/);
    const half = await signsIn(portal(), email);
    const refused = await half.submitsRaw('POST', '/profile/two-factor/recovery-codes', {});
    assert.equal(refused.headers['location'], '/sign-in/code');
  });

  for (const [what, typed, words] of [
    ['nothing', '', /Enter a recovery code/],
    ['10,000 characters', 'A'.repeat(10_000), /too long/],
    ['a NUL', 'A\u0000B', /invisible/],
  ] as const) {
    it(`refuse ${what} at the field`, async () => {
      const there = await signsIn(portal(), email);
      await there.visits('/sign-in/code/recovery');
      await there.goesOnFrom(await there.submitsRaw('POST', '/sign-in/code/recovery', { code: typed }));
      assert.match(there.page.errorAt('Recovery code'), words);
    });
  }
});
