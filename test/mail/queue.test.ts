import assert from 'node:assert/strict';
import { setTimeout as pause } from 'node:timers/promises';
import { Keyring } from '../../src/kernel/keyring.ts';
import { days, hours, type Instant, minutes, seconds } from '../../src/kernel/time.ts';
import { afterCommit } from '../../src/kernel/transaction.ts';
import { MailDelivery } from '../../src/mail/delivery.ts';
import type { DispatchResult, Letter } from '../../src/mail/letter.ts';
import type { Message, Recipient, SentOnce } from '../../src/mail/message.ts';
import { MailQueue } from '../../src/mail/queue.ts';
import { KnexMailStore } from '../../src/storage/mails.ts';
import { transactOn } from '../../src/storage/sql/transaction.ts';
import { ManualClock } from '../support/clock.ts';
import { SQLITE, useDatabase } from '../support/databases.ts';
import { settlesWithin } from '../support/until.ts';

const ANN: Recipient = { id: null, email: 'ann@example.org', name: 'Ann', locale: null, knownLanguage: null };
const ORIGIN = { requestId: 'request', address: '192.0.2.7', browser: 'Lynx' };
const OPERATOR = { party: { id: null, label: 'test' }, origin: ORIGIN } as const;
const TOKEN = 'dG9rZW4tb2YtMjAtYnl0ZXM';

const DOWN: DispatchResult = { kind: 'failed', reason: 'connect ECONNREFUSED', everyone: true };
const GREYLISTED: DispatchResult = { kind: 'failed', reason: '451 later', everyone: false };
const REFUSED: DispatchResult = { kind: 'refused', reason: '550 nobody of that name' };
const TAKEN: DispatchResult = { kind: 'taken' };

const notice = (at: Instant) =>
  ({ kind: 'notice', notice: 'password changed', at, origin: ORIGIN, by: 'person', about: '' }) as const;
const code = (now: Instant): SentOnce => ({
  kind: 'code',
  code: '012345',
  purpose: 'sign-in',
  sentAt: now,
  expiresAt: now + minutes(10),
});

describe('The mail queue', () => {
  const database = useDatabase(SQLITE);
  let clock: ManualClock;
  let secrets: string[];
  let carried: Letter[];
  let pretended: Letter[];
  let answer: (letter: Letter) => DispatchResult | Promise<DispatchResult>;
  let faults: unknown[];
  let abort: () => void;
  let queue: MailQueue;
  let delivery: MailDelivery;

  /** Another instance on the same table. */
  function instance() {
    const store = new KnexMailStore(database());
    const keyring = new Keyring(() => secrets);
    const dispatcher = {
      async dispatch(letter: Letter) {
        carried.push(letter);
        return answer(letter);
      },
      async pretend(letter: Letter) {
        pretended.push(letter);
      },
      close() {},
      abort: () => abort(),
    };
    const report = (error: unknown) => void faults.push(error);
    const worker = new MailDelivery({ store, dispatcher, keyring, clock: clock.read, report });
    const writer = {
      write: async (id: string, { email: to }: Recipient, message: Message) => ({
        ...{ id, to, subject: 'subject', text: JSON.stringify(message), language: 'en', date: clock.now },
        from: { name: 'Help', address: 'help@example.org' },
        secret: null,
      }),
    };
    return {
      delivery: worker,
      queue: new MailQueue({
        ...{ writer, delivery: worker, keyring, clock: clock.read },
        store: new KnexMailStore(database()),
        afterCommit,
      }),
    };
  }

  beforeEach(() => {
    clock = new ManualClock();
    secrets = ['a secret of at least 32 characters, the first'];
    carried = [];
    pretended = [];
    faults = [];
    answer = () => TAKEN;
    abort = () => {};
    ({ queue, delivery } = instance());
  });
  afterEach(async () => {
    await delivery.stop(seconds(1));
    assert.deepEqual(faults, []);
  });

  const rows = async () => database()('mails').orderBy('id');
  const row = async () => (await rows()).at(-1);
  const invite = async () =>
    queue.deliver(
      await queue.claim(ANN, { kind: 'invitation', token: TOKEN, expiresAt: clock.now + days(7) }, OPERATOR),
    );
  /** Advances the clock, and lets the worker check. */
  async function passes(milliseconds: number): Promise<void> {
    clock.passes(milliseconds);
    delivery.wake();
    await delivery.settled();
  }

  it('pretends a mail: everything is done except the delivery, and no row is left', async () => {
    await queue.pretend({ kind: 'password reset', token: TOKEN, expiresAt: clock.now + hours(1) }, OPERATOR);
    await delivery.settled();
    assert.equal(pretended.length, 1);
    assert.deepEqual([carried, await rows()], [[], []]);
  });

  it('stores a notice before it reports success, and delivers it at once', async () => {
    const { promise, resolve } = Promise.withResolvers<DispatchResult>();
    answer = () => promise;
    await queue.queue(ANN, notice(clock.now), OPERATOR);
    assert.equal((await row()).state, 'waiting');
    resolve(TAKEN);
    await delivery.settled();
    const { state, letter, tries, account_id, address, kind } = await row();
    assert.deepEqual(
      { state, letter, tries, account_id, address, kind },
      {
        ...{ state: 'taken', letter: null, tries: 1, account_id: null },
        ...{ address: ANN.email, kind: 'password changed' },
      },
    );
  });

  it('stores and delivers a notice together with the writes that it reports, and neither if they fail', async () => {
    const transaction = transactOn(database());
    const broken = transaction({ queue }, async (bound) => {
      await bound.queue.queue(ANN, notice(clock.now), OPERATOR);
      throw new Error('broken off');
    });
    await assert.rejects(broken, /broken off/);
    await delivery.settled();
    assert.deepEqual([await rows(), carried], [[], []]);
    await transaction({ queue }, async (bound) => {
      await bound.queue.queue(ANN, notice(clock.now), OPERATOR);
      await pause(20);
      assert.equal(carried.length, 0, 'not before the writes are kept');
    });
    await delivery.settled();
    assert.equal(carried.length, 1);
    assert.equal((await row()).state, 'taken');
  });

  it('tries again after 5 s, 30 s, 2 min, 10 min and then every hour, under the same Message-ID', async () => {
    answer = () => GREYLISTED;
    await queue.queue(ANN, notice(clock.now), OPERATOR);
    await delivery.settled();
    for (const wait of [seconds(5), seconds(30), minutes(2), minutes(10), hours(1), hours(1)]) {
      const before = carried.length;
      await passes(wait - 1);
      assert.equal(carried.length, before, `not after ${wait - 1}`);
      await passes(1);
      assert.equal(carried.length, before + 1, `after ${wait}`);
    }
    const { state, fault } = await row();
    assert.deepEqual([state, fault], ['waiting', '451 later']);
    answer = () => TAKEN;
    await passes(hours(1));
    assert.equal((await row()).state, 'taken');
    assert.equal((await row()).fault, null);
    assert.equal(new Set(carried.map(({ id }) => id)).size, 1);
  });

  it('gives up after three days, and keeps the reason but not the text', async () => {
    answer = () => GREYLISTED;
    await queue.queue(ANN, notice(clock.now), OPERATOR);
    await delivery.settled();
    for (let hour = 0; hour < 72 && (await row()).state === 'waiting'; hour += 1) await passes(hours(1));
    const { state, fault, letter, tries } = await row();
    assert.deepEqual([state, fault, letter], ['given-up', '451 later', null]);
    assert.ok(tries > 70, `${tries} tries`);
  });

  it('does not deliver mails that waited too long, above all no expired link', async () => {
    answer = () => DOWN;
    await queue.queue(
      ANN,
      { kind: 'password reset', token: TOKEN, expiresAt: clock.now + hours(1) },
      OPERATOR,
    );
    await delivery.settled();
    answer = () => TAKEN;
    await passes(hours(1));
    assert.equal((await row()).state, 'given-up');
    assert.equal(carried.length, 1);
  });

  it('never tries a recipient again whom the mail server has refused', async () => {
    answer = () => REFUSED;
    assert.equal(await invite(), 'refused');
    await passes(days(1));
    const { state, fault, letter } = await row();
    assert.deepEqual([state, fault, letter], ['refused', '550 nobody of that name', null]);
    assert.equal(carried.length, 1);
  });

  it('reports at once what happened to a link: accepted, waiting or refused; a waiting one is sent later', async () => {
    assert.equal(await invite(), 'accepted');
    assert.equal((await row()).state, 'taken');
    answer = () => GREYLISTED;
    assert.equal(await invite(), 'waiting');
    answer = () => TAKEN;
    await passes(seconds(5));
    assert.equal((await row()).state, 'taken');
    assert.equal(carried.at(-1)?.text.includes(TOKEN), true);
  });

  it('does not let a page wait for a slow mail server: after 4 seconds it reports that the mail waits', async () => {
    const { promise, resolve } = Promise.withResolvers<DispatchResult>();
    answer = () => promise;
    const word = invite();
    assert.equal(await settlesWithin(3900, word), false);
    assert.ok(await settlesWithin(1100, word));
    assert.equal(await word, 'waiting');
    resolve(TAKEN);
    await delivery.settled();
    assert.equal((await row()).state, 'taken');
    assert.equal(carried.length, 1);
  });

  for (const message of [code, (): SentOnce => ({ kind: 'address taken' })]) {
    it(`sends ${message(0).kind} once, and records the result without the text`, async () => {
      for (const [result, word, state, fault] of [
        [TAKEN, 'accepted', 'taken', null],
        [DOWN, 'away', 'given-up', 'connect ECONNREFUSED'],
        [REFUSED, 'refused', 'refused', '550 nobody of that name'],
      ] as const) {
        carried = [];
        answer = () => result;
        assert.equal(await queue.send(ANN, message(clock.now), OPERATOR), word);
        const last = await row();
        assert.deepEqual([last.state, last.fault, last.letter], [state, fault, null]);
        answer = () => TAKEN;
        await passes(days(1));
        assert.equal(carried.length, 1);
      }
    });
  }

  it('tries a code again within its ten minutes if the server says "later", and keeps it sealed until then', async () => {
    answer = () => GREYLISTED;
    const sent = code(clock.now);
    assert.equal(await queue.send(ANN, sent, OPERATOR), 'delayed');
    const waiting = await row();
    assert.deepEqual([waiting.state, waiting.fault], ['waiting', '451 later']);
    assert.doesNotMatch(JSON.stringify(waiting), new RegExp(String('code' in sent && sent.code)));
    // Postgrey accepts a second try after five minutes.
    for (let half = 0; half < 10; half += 1) await passes(seconds(30));
    answer = () => TAKEN;
    await passes(minutes(2));
    assert.deepEqual([(await row()).state, (await row()).letter], ['taken', null]);
    assert.ok(carried.length >= 4, `${carried.length} tries`);

    carried = [];
    answer = () => GREYLISTED;
    await queue.send(ANN, code(clock.now), OPERATOR);
    for (let half = 0; half < 21; half += 1) await passes(seconds(30));
    const last = await row();
    assert.deepEqual([last.state, last.letter], ['given-up', null]);
    const tries = carried.length;
    await passes(days(1));
    assert.equal(carried.length, tries, 'not after its end');
  });

  it('seals waiting mails: neither the token nor the text can be read in the table', async () => {
    answer = () => DOWN;
    assert.equal(await invite(), 'waiting');
    const stored = JSON.stringify(await rows());
    assert.doesNotMatch(stored, new RegExp(TOKEN));
    assert.doesNotMatch(stored, /subject|help@example/);
    assert.match((await row()).letter, /"nonce"/);
  });

  it('gives up mails that cannot be opened any more, or were moved from another row, and reports it', async () => {
    answer = () => DOWN;
    await invite();
    await queue.queue(ANN, notice(clock.now), OPERATOR);
    const [first, second] = await rows();
    await database()('mails').where({ id: first.id }).update({ letter: second.letter });
    answer = () => TAKEN;
    await passes(minutes(1));
    assert.deepEqual(
      (await rows()).map(({ state, fault }) => [state, fault]),
      [
        ['given-up', 'The text can no longer be opened.'],
        ['taken', null],
      ],
    );
    assert.equal(faults.length, 1);
    faults = [];
  });

  it('replaces a waiting link by a newer one, because only the newest works', async () => {
    answer = () => DOWN;
    await invite();
    await invite();
    answer = () => TAKEN;
    await passes(minutes(1));
    assert.deepEqual(
      (await rows()).map(({ state }) => state),
      ['replaced', 'taken'],
    );
  });

  it('delivers each of many mails once, with any number of workers', async () => {
    answer = () => DOWN;
    for (let count = 0; count < 40; count += 1) await queue.queue(ANN, notice(clock.now), OPERATOR);
    await delivery.settled();
    carried = [];
    answer = () => pause(1, TAKEN);
    clock.passes(minutes(1));
    const others = Array.from({ length: 19 }, () => instance().delivery);
    const workers = [delivery, ...others];
    for (const worker of workers) worker.wake();
    await Promise.all(workers.map((worker) => worker.settled()));
    assert.equal(carried.length, 40);
    assert.equal(new Set(carried.map(({ id }) => id)).size, 40);
    assert.ok((await rows()).every(({ state }) => state === 'taken'));
  });

  it('tries a mail again whose worker died, once the claim has expired', async () => {
    const dead = instance();
    answer = () => new Promise(() => {});
    void dead.queue.queue(ANN, notice(clock.now), OPERATOR);
    while (carried.length === 0) await pause(5);
    answer = () => TAKEN;
    await passes(minutes(1) - 1);
    assert.equal(carried.length, 1);
    await passes(1);
    assert.equal(carried.length, 2);
    assert.equal(carried[0]?.id, carried[1]?.id);
    assert.equal((await row()).state, 'taken');
  });

  it('makes few tries while the mail server accepts nothing, and no page waits for it', async () => {
    answer = () => DOWN;
    for (let count = 0; count < 20; count += 1) {
      assert.equal(await invite(), 'waiting');
      await queue.queue(ANN, notice(clock.now), OPERATOR);
    }
    await delivery.settled();
    assert.equal(carried.length, 1);
    await passes(seconds(5));
    assert.ok(carried.length <= 1 + 3, `${carried.length} tries`);
    answer = () => TAKEN;
    await passes(minutes(1));
    const states = (await rows()).map(({ state }) => state);
    assert.equal(states.filter((state) => state === 'taken').length, 21);
    assert.equal(states.filter((state) => state === 'replaced').length, 19);
  });

  it('continues with the others if one recipient is deferred', async () => {
    answer = ({ to }) => (to === ANN.email ? GREYLISTED : TAKEN);
    for (const email of [ANN.email, 'bob@example.org', 'cem@example.org']) {
      await queue.queue({ ...ANN, email }, notice(clock.now), OPERATOR);
    }
    await delivery.settled();
    assert.deepEqual(
      (await rows()).map(({ state }) => state),
      ['waiting', 'taken', 'taken'],
    );
  });

  it('delivers mails of an earlier process after its start', async () => {
    answer = () => DOWN;
    await queue.queue(ANN, notice(clock.now), OPERATOR);
    await delivery.settled();
    await delivery.stop(0);
    carried = [];
    clock.passes(seconds(5));
    const later = instance();
    answer = () => TAKEN;
    later.delivery.start();
    await later.delivery.settled();
    assert.equal((await row()).state, 'taken');
    assert.equal(carried.length, 1);
    await later.delivery.stop(0);
  });

  it('stops: finishes running deliveries, begins no more, and aborts what takes too long', async () => {
    const slow = Promise.withResolvers<DispatchResult>();
    answer = () => slow.promise;
    await queue.queue(ANN, notice(clock.now), OPERATOR);
    while (carried.length === 0) await pause(5);
    for (let count = 0; count < 5; count += 1) await queue.queue(ANN, notice(clock.now), OPERATOR);
    const stopping = delivery.stop(seconds(5));
    slow.resolve(TAKEN);
    await stopping;
    const states = (await rows()).map(({ state }) => state);
    assert.equal(states.filter((state) => state === 'taken').length, carried.length);
    assert.ok(carried.length < 6, `${carried.length} of 6`);

    const other = instance();
    const stuck = Promise.withResolvers<DispatchResult>();
    answer = () => stuck.promise;
    abort = () => stuck.resolve(DOWN);
    clock.passes(days(1));
    other.delivery.wake();
    while (carried.length < 4) await pause(5);
    // It would wait for ever: only an aborted delivery gets a response.
    await other.delivery.stop(100);
    assert.equal((await row()).state, 'waiting');
  });

  it('counts the mails that have been waiting for more than 15 minutes', async () => {
    answer = () => DOWN;
    const written = clock.now;
    await queue.queue(ANN, notice(written), OPERATOR);
    clock.passes(minutes(15));
    assert.equal(await queue.late(written), undefined);
    clock.passes(1);
    assert.equal((await queue.late(written))?.count, 1);
  });

  it('delivers a link for a new password before a thousand earlier sign-ups, and those in turns', async () => {
    const asker = (address: string) => ({ ...ORIGIN, address });
    const signUp = { kind: 'sign-up', token: TOKEN, expiresAt: clock.now + days(1) } as const;
    const to = (email: string): Recipient => ({ ...ANN, email });
    answer = () => DOWN;
    await queue.queue(to('first@example.org'), signUp, OPERATOR, asker('203.0.113.9'));
    await delivery.settled();
    answer = () => TAKEN;
    for (let number = 1; number <= 1000; number += 1) {
      await queue.queue(to(`${number}@example.org`), signUp, OPERATOR, asker(`2001:db8:1:2::${number}`));
    }
    for (const neighbour of ['203.0.113.1', '203.0.113.2']) {
      await queue.queue(to(neighbour), signUp, OPERATOR, asker(neighbour));
    }
    carried = [];
    const late: string[] = [];
    answer = async ({ to: email }) => {
      if (email !== '5@example.org') return TAKEN;
      // While strangers' mails are being delivered.
      const message = { kind: 'password reset', token: TOKEN, expiresAt: clock.now + hours(1) } as const;
      await queue.queue(to('late@example.org'), message, OPERATOR);
      late.push(...carried.map((letter) => letter.to));
      return TAKEN;
    };
    await queue.queue(to('ann@example.org'), notice(clock.now), OPERATOR);
    await passes(minutes(1));
    const order = carried.map((letter) => letter.to);
    assert.equal(order.length, 1005);
    assert.equal(order[0], 'ann@example.org');
    assert.ok(order.indexOf('203.0.113.2') < 6, `${order.indexOf('203.0.113.2')}`);
    assert.ok(order.indexOf('first@example.org') < 6);
    const behind = order.indexOf('late@example.org') - late.length;
    assert.ok(behind <= 3, `${behind} were tried before it`);
  });

  it('seals waiting mails again under a new key, which alone is needed afterwards', async () => {
    answer = () => DOWN;
    await invite();
    secrets = ['another secret of at least 32 characters', ...secrets];
    const rotated = instance();
    assert.equal(await rotated.queue.reseal(), 1);
    assert.equal(await rotated.queue.reseal(), 0);
    secrets = secrets.slice(0, 1);
    answer = () => TAKEN;
    const fresh = instance();
    clock.passes(minutes(1));
    fresh.delivery.wake();
    await fresh.delivery.settled();
    assert.equal((await row()).state, 'taken');
  });
});
