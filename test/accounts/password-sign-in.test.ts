import assert from 'node:assert/strict';
import { hashing, Overloaded } from '../../src/accounts/hashing-queue.ts';
import { party } from '../../src/audit/audit.ts';
import { days, hours, seconds } from '../../src/kernel/time.ts';
import { ORIGIN, PASSWORD, useAccounts } from './accounts-under-test.ts';

describe('signing in with a password', () => {
  const open = useAccounts();
  let domain: ReturnType<typeof open>;

  const check = (email: string, password: string, address = ORIGIN.address, device?: string) =>
    domain.passwordSignIn.check(email, password, { ...ORIGIN, address }, async () => device);

  beforeEach(async () => {
    domain = open();
    await domain.account('ann@example.org');
  });

  it('accepts the right password for any spelling of the address', async () => {
    const outcome = await check(' ANN@Example.org ', PASSWORD);
    assert.equal(outcome.kind === 'accepted' && outcome.account.email, 'ann@example.org');
  });

  it('gives the same response for a wrong password, no account, no password yet and a disabled account', async () => {
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

  it('makes a client wait 30 s after the fifth failure in a row, then twice as long, up to an hour', async () => {
    const fail = () => check('ann@example.org', 'wrong');
    for (let failures = 1; failures <= 5; failures++) assert.equal((await fail()).kind, 'refused');
    for (const wait of [30, 60, 120, 240, 480, 960, 1920, 3600, 3600]) {
      assert.deepEqual(await fail(), { kind: 'wait', until: domain.clock.now + seconds(wait) });
      domain.clock.passes(seconds(wait));
      assert.equal((await fail()).kind, 'refused');
    }
  });

  it('does not make other clients wait, and forgets failures after the right password', async () => {
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

  it('counts addresses without an account the same way', async () => {
    for (let failures = 0; failures < 5; failures++) await check('nobody@example.org', 'wrong');
    assert.equal((await check('nobody@example.org', 'wrong')).kind, 'wait');
  });

  it('makes all clients wait from the hundredth failure on, for five minutes at most', async () => {
    for (let failures = 0; failures < 100; failures++) {
      assert.equal((await check('nobody@example.org', 'wrong', `192.0.2.${failures}`)).kind, 'refused');
    }
    domain.clock.passes(seconds(29));
    const outcome = await check('nobody@example.org', 'wrong', '198.51.100.1');
    assert.deepEqual(outcome, { kind: 'wait', until: undefined }, 'and no moment is told');
    domain.clock.passes(seconds(1));
    assert.equal((await check('nobody@example.org', 'wrong', '198.51.100.1')).kind, 'refused');
    domain.clock.passes(hours(1));
    for (let failures = 0; failures < 8; failures++) {
      await check('nobody@example.org', 'wrong', `203.0.113.${failures}`);
      domain.clock.passes(seconds(300));
    }
    assert.equal((await check('nobody@example.org', 'wrong', '203.0.113.99')).kind, 'refused');
  });

  it('does not count an attempt at its own client if others make the account wait', async () => {
    await domain.strangersGuess('ann@example.org');
    const elsewhere = '198.51.100.1';
    for (let tries = 0; tries < 12; tries++) {
      assert.deepEqual(await check('ann@example.org', PASSWORD, elsewhere), {
        kind: 'wait',
        until: undefined,
      });
    }
    domain.clock.passes(seconds(30));
    assert.equal((await check('ann@example.org', PASSWORD, elsewhere)).kind, 'accepted');
  });

  it('does not count an attempt for the account if its own client has to wait', async () => {
    for (let failures = 0; failures < 20; failures++) await check('ann@example.org', 'wrong');
    await domain.strangersGuess('ann@example.org', 94);
    assert.equal((await check('ann@example.org', 'wrong', '198.51.100.1')).kind, 'refused');
    assert.deepEqual(await check('ann@example.org', 'wrong', '198.51.100.1'), {
      kind: 'wait',
      until: undefined,
    });
  });

  it('does not count an attempt that finds no place in the hashing queue', async () => {
    const crowd = Promise.withResolvers<void>();
    const waiting: Promise<void>[] = [];
    const before = hashing.load.refused;
    while (hashing.load.refused === before) {
      const asker = { lane: 'strangers', key: String(waiting.length) } as const;
      waiting.push(hashing.admit(asker, () => crowd.promise));
      await Promise.race([waiting.at(-1)?.catch(() => {}), Promise.resolve()]);
    }
    for (let tries = 0; tries < 12; tries++) {
      await assert.rejects(check('ann@example.org', PASSWORD), Overloaded);
    }
    crowd.resolve();
    await Promise.allSettled(waiting);
    assert.equal((await check('ann@example.org', PASSWORD)).kind, 'accepted');
  });

  it('accepts a known browser while strangers make everybody else wait', async () => {
    await domain.strangersGuess('ann@example.org');
    assert.equal((await check('ann@example.org', PASSWORD, '198.51.100.1')).kind, 'wait');
    assert.equal((await check('ann@example.org', PASSWORD, '198.51.100.1', 'laptop')).kind, 'accepted');
    assert.equal(
      (await check('ann@example.org', PASSWORD, '198.51.100.1')).kind,
      'wait',
      'and forgives nobody else',
    );
  });

  it('makes a known browser wait for its own failures, and meanwhile treats it as a stranger', async () => {
    const wrong = (device?: string) => check('ann@example.org', 'wrong', '198.51.100.1', device);
    for (let failures = 0; failures < 5; failures++) assert.equal((await wrong('laptop')).kind, 'refused');
    for (let failures = 0; failures < 5; failures++) assert.equal((await wrong('laptop')).kind, 'refused');
    assert.deepEqual(await wrong('laptop'), { kind: 'wait', until: domain.clock.now + seconds(30) });
    assert.equal((await check('ann@example.org', PASSWORD, '198.51.100.1', 'phone')).kind, 'accepted');
    domain.clock.passes(seconds(30));
    assert.equal((await check('ann@example.org', PASSWORD, '198.51.100.1', 'laptop')).kind, 'accepted');
  });

  it('gives a copied cookie twenty guesses in all, which no other counter counts', async () => {
    await domain.strangersGuess('ann@example.org');
    let looked = 0;
    for (let tries = 0; tries < 100; tries++) {
      // The strangers go on, so that no unknown browser gets through.
      await domain.strangersGuess('ann@example.org', 1);
      if ((await check('ann@example.org', 'wrong', '198.51.100.1', 'copied')).kind === 'refused') looked += 1;
      domain.clock.passes(hours(1));
    }
    assert.equal(looked, 20);
    domain.clock.passes(days(300));
    await domain.strangersGuess('ann@example.org', 1);
    assert.equal((await check('ann@example.org', 'wrong', '198.51.100.1', 'copied')).kind, 'wait');
    assert.equal((await check('ann@example.org', PASSWORD, '198.51.100.1', 'laptop')).kind, 'accepted');
  });

  it('counts twenty concurrent attempts of a known browser as twenty', async () => {
    const tries = Array.from({ length: 20 }, () =>
      check('ann@example.org', 'wrong', '198.51.100.1', 'laptop'),
    );
    const kinds = (await Promise.all(tries)).map(({ kind }) => kind);
    assert.equal(kinds.filter((kind) => kind === 'refused').length, 5);
  });

  it('does not ask about the browser if the address has no account', async () => {
    const outcome = await domain.passwordSignIn.check('nobody@example.org', 'wrong', ORIGIN, () =>
      Promise.reject(new Error('asked')),
    );
    assert.equal(outcome.kind, 'refused');
  });

  it('stores only a name for an address without an account, the same for each spelling', async () => {
    for (const typed of ['Summ3r-P@ssword', ' summ3r-p@SSWORD ', 'other@example.org'])
      await check(typed, 'wrong');
    const labels = domain.events.events
      .slice(-3)
      .map(({ actorLabel, subjectLabel }) => [actorLabel, subjectLabel]);
    for (const [actor, subject] of labels) {
      assert.match(actor ?? '', /^unknown-[\da-f]{10}$/);
      assert.equal(actor, subject);
    }
    assert.deepEqual(labels[0], labels[1]);
    assert.notDeepEqual(labels[1], labels[2]);
    assert.doesNotMatch(JSON.stringify(domain.events.events), /summ3r/i);
  });

  it('records who was refused and who had to wait, but never the input', async () => {
    for (let failures = 0; failures < 6; failures++) await check('ann@example.org', 'my secret guess');
    const names = domain.events.events.map(({ event }) => event);
    assert.equal(names.filter((name) => name === 'sign-in.password-refused').length, 5);
    assert.equal(names.filter((name) => name === 'sign-in.throttled').length, 1);
    assert.ok(!JSON.stringify(domain.events.events).includes('secret guess'));
  });

  it('records a wrong password in an open session as its own event, and counts it for that session', async () => {
    const ann = await domain.accounts.findByEmail('ann@example.org');
    assert.ok(ann);
    const actor = { party: party(ann), origin: ORIGIN };
    assert.equal((await domain.passwordSignIn.confirm(ann, 'one', PASSWORD, actor)).kind, 'accepted');
    for (let failures = 0; failures < 5; failures++) {
      assert.deepEqual(await domain.passwordSignIn.confirm(ann, 'one', 'my secret guess', actor), {
        kind: 'refused',
      });
    }
    const until = domain.clock.now + seconds(30);
    assert.deepEqual(await domain.passwordSignIn.confirm(ann, 'one', PASSWORD, actor), {
      kind: 'wait',
      until,
    });
    const noted = domain.events.events.map(({ event, actorId }) => [event, actorId === ann.id]);
    const refused = Array.from({ length: 5 }, () => ['step-up.refused', true]);
    assert.deepEqual(noted.slice(-6), [...refused, ['sign-in.throttled', true]]);
    assert.equal((await domain.passwordSignIn.confirm(ann, 'two', PASSWORD, actor)).kind, 'accepted');
    assert.equal((await check('ann@example.org', PASSWORD)).kind, 'accepted');
    assert.ok(!JSON.stringify(domain.events.events).includes('secret guess'));
    // The metrics use this to tell a password from a code.
    const [first] = domain.events.events.filter(({ event }) => event === 'step-up.refused');
    assert.deepEqual(first?.detail, {});
  });

  it('never makes an open session wait because of a stranger’s guesses', async () => {
    const ann = await domain.accounts.findByEmail('ann@example.org');
    assert.ok(ann);
    await domain.strangersGuess('ann@example.org');
    for (let failures = 0; failures < 6; failures++) await check('ann@example.org', 'wrong');
    const actor = { party: party(ann), origin: ORIGIN };
    assert.equal((await domain.passwordSignIn.confirm(ann, 'one', PASSWORD, actor)).kind, 'accepted');
  });
});
