import assert from 'node:assert/strict';
import { party } from '../../src/audit/audit.ts';
import { hours, seconds } from '../../src/time.ts';
import { ORIGIN, PASSWORD, useAccounts } from './accounts-under-test.ts';

describe('signing in with a password', () => {
  const open = useAccounts();
  let domain: ReturnType<typeof open>;

  const check = (email: string, password: string, address = ORIGIN.address) =>
    domain.passwordSignIn.check(email, password, { ...ORIGIN, address });

  beforeEach(async () => {
    domain = open();
    await domain.account('ann@example.org');
  });

  it('accepts the right password, however the address is spelt', async () => {
    const outcome = await check(' ANN@Example.org ', PASSWORD);
    assert.equal(outcome.kind === 'accepted' && outcome.account.email, 'ann@example.org');
  });

  it('gives one answer for a wrong password, no account, no password yet and a disabled account', async () => {
    const gone = await domain.account('gone@example.org');
    await domain.accounts.disable(gone.id, domain.clock.now);
    await domain.registration.invite({ email: 'new@example.org', name: 'New' }, 'member', {
      party: { id: null, label: 'test' },
      origin: ORIGIN,
    });
    for (const [email, password] of [
      ['ann@example.org', `${PASSWORD} `],
      ['nobody@example.org', PASSWORD],
      ['gone@example.org', PASSWORD],
      ['new@example.org', ''],
    ] as const) {
      assert.deepEqual(await check(email, password), { kind: 'refused' }, email);
    }
  });

  it('lets the fifth failure in a row from one place wait 30 s, then twice as long, up to an hour', async () => {
    const fail = () => check('ann@example.org', 'wrong');
    for (let failures = 1; failures <= 5; failures++) assert.equal((await fail()).kind, 'refused');
    for (const wait of [30, 60, 120, 240, 480, 960, 1920, 3600, 3600]) {
      assert.deepEqual(await fail(), { kind: 'wait', until: domain.clock.now + seconds(wait) });
      domain.clock.passes(seconds(wait));
      assert.equal((await fail()).kind, 'refused');
    }
  });

  it('lets nobody wait elsewhere, and forgets failures once the password is right', async () => {
    for (let failures = 0; failures < 5; failures++) await check('ann@example.org', 'wrong');
    assert.equal((await check('ann@example.org', PASSWORD)).kind, 'wait');
    assert.equal((await check('ann@example.org', PASSWORD, '198.51.100.1')).kind, 'accepted');
    domain.clock.passes(seconds(30));
    assert.equal((await check('ann@example.org', PASSWORD)).kind, 'accepted');
    for (let failures = 0; failures < 4; failures++) {
      assert.equal((await check('ann@example.org', 'wrong')).kind, 'refused');
    }
    assert.equal((await check('ann@example.org', PASSWORD)).kind, 'accepted');
  });

  it('counts addresses without an account alike', async () => {
    for (let failures = 0; failures < 5; failures++) await check('nobody@example.org', 'wrong');
    assert.equal((await check('nobody@example.org', 'wrong')).kind, 'wait');
  });

  it('lets guesses from everywhere wait from the hundredth on, five minutes at the most', async () => {
    for (let failures = 0; failures < 100; failures++) {
      assert.equal((await check('nobody@example.org', 'wrong', `192.0.2.${failures}`)).kind, 'refused');
    }
    const outcome = await check('nobody@example.org', 'wrong', '198.51.100.1');
    assert.deepEqual(outcome, { kind: 'wait', until: domain.clock.now + seconds(30) });
    domain.clock.passes(hours(1));
    for (let failures = 0; failures < 8; failures++) {
      await check('nobody@example.org', 'wrong', `203.0.113.${failures}`);
      domain.clock.passes(seconds(300));
    }
    assert.equal((await check('nobody@example.org', 'wrong', '203.0.113.99')).kind, 'refused');
  }).timeout(20_000);

  it('writes down who was refused and who had to wait, never what they typed', async () => {
    for (let failures = 0; failures < 6; failures++) await check('ann@example.org', 'my secret guess');
    const names = domain.events.events.map(({ event }) => event);
    assert.equal(names.filter((name) => name === 'sign-in.password-refused').length, 5);
    assert.equal(names.filter((name) => name === 'sign-in.throttled').length, 1);
    assert.ok(!JSON.stringify(domain.events.events).includes('secret guess'));
  });

  it('writes down a wrong password of somebody who is signed in as what it is, and counts it with the others', async () => {
    const ann = await domain.accounts.findByEmail('ann@example.org');
    assert.ok(ann);
    const actor = { party: party(ann), origin: ORIGIN };
    assert.equal((await domain.passwordSignIn.confirm(ann, PASSWORD, actor)).kind, 'accepted');
    for (let failures = 0; failures < 5; failures++) {
      assert.deepEqual(await domain.passwordSignIn.confirm(ann, 'my secret guess', actor), {
        kind: 'refused',
      });
    }
    assert.equal((await domain.passwordSignIn.confirm(ann, PASSWORD, actor)).kind, 'wait');
    assert.equal((await check('ann@example.org', PASSWORD)).kind, 'wait');
    const noted = domain.events.events.map(({ event, actorId }) => [event, actorId === ann.id]);
    const refused = Array.from({ length: 5 }, () => ['step-up.refused', true]);
    assert.deepEqual(noted.slice(-7), [
      ...refused,
      ['sign-in.throttled', true],
      ['sign-in.throttled', false],
    ]);
    assert.ok(!JSON.stringify(domain.events.events).includes('secret guess'));
    // The figures tell a password from a code by it.
    const [first] = domain.events.events.filter(({ event }) => event === 'step-up.refused');
    assert.deepEqual(first?.detail, {});
  });
});
