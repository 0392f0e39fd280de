import assert from 'node:assert/strict';
import { type Actor, Audit } from '../../src/audit/audit.ts';
import { days } from '../../src/kernel/time.ts';
import type { ClaimedMail } from '../../src/mail/mail.ts';
import type { Mailer } from '../../src/mail/mailer.ts';
import type { Queued } from '../../src/mail/message.ts';
import { type ReminderStore, Reminders } from '../../src/policy/reminders.ts';
import { ManualClock } from '../support/clock.ts';
import { MemoryAudit } from '../support/memory.ts';
import { transact } from '../support/transact.ts';
import { type Given, group, peopleUnderTest } from './people-under-test.ts';
import { NOW } from './rules-under-test.ts';

const OPERATOR: Actor = {
  party: { id: null, label: 'cron' },
  origin: { requestId: '', address: '', browser: '' },
};

/** The number of days until the grace of this group ends. */
const endsIn = (count: number) =>
  group(`in-${count}`, { grace: { kind: 'until', at: NOW + days(count) }, methods: ['app'] });

/** One claim for each due reminder, as in the stores. */
class MemoryReminders implements ReminderStore {
  readonly claimed = new Map<string, number>();
  readonly asked: unknown[] = [];

  async claim(id: string, { dueSince, at, without }: Parameters<ReminderStore['claim']>[1]) {
    this.asked.push(without);
    if ((this.claimed.get(id) ?? -1) >= dueSince) return false;
    this.claimed.set(id, at);
    return true;
  }

  async release(id: string, at: number) {
    if (this.claimed.get(id) === at) this.claimed.delete(id);
  }
}

describe('Reminders', () => {
  let store: MemoryReminders;
  let audit: MemoryAudit;
  let mails: { readonly to: string; readonly message: Queued }[];
  let word: 'accepted' | 'waiting' | 'refused';
  let clock: ManualClock;
  beforeEach(() => {
    store = new MemoryReminders();
    audit = new MemoryAudit();
    mails = [];
    word = 'accepted';
    clock = new ManualClock(NOW);
  });

  function remindersFor(people: readonly Given[]): Reminders {
    const claimed = new WeakMap<ClaimedMail, (typeof mails)[number]>();
    const post: Pick<Mailer, 'claim' | 'deliver'> = {
      async claim({ email }, message) {
        const held = {} as ClaimedMail;
        claimed.set(held, { to: email, message });
        return held;
      },
      async deliver(held) {
        const mail = claimed.get(held);
        if (mail && word !== 'refused') mails.push(mail);
        return word;
      },
    };
    return new Reminders({
      policyReport: peopleUnderTest(people).policyReport,
      store,
      post: post as Mailer,
      audit: new Audit({ store: audit, clock: clock.read, transaction: transact }),
      transaction: transact,
      clock: clock.read,
    });
  }

  const reminded = () => mails.map(({ to }) => to.replace('@example.org', ''));

  it('go to people whose grace ends within seven days, with the deadline and the reason', async () => {
    const ending = endsIn(6);
    const outcome = await remindersFor([
      { id: 'soon', groups: [ending] },
      { id: 'later', groups: [endsIn(8)] },
      { id: 'over', groups: [endsIn(-1)] },
      { id: 'free' },
    ]).send(OPERATOR);
    assert.deepEqual(outcome, { sent: 1, refused: 0 });
    assert.deepEqual(reminded(), ['soon']);
    assert.deepEqual(mails[0]?.message, {
      kind: 'two-factor reminder',
      deadline: NOW + days(6),
      reasons: [{ kind: 'group', id: ending.id, name: ending.name }],
    });
    const [{ event, subjectLabel, detail } = assert.fail(), ...others] = audit.events;
    assert.deepEqual([event, subjectLabel, others], ['two-factor.reminded', 'soon@example.org', []]);
    assert.deepEqual(detail, { deadline: new Date(NOW + days(6)).toISOString() });
  });

  it('go to nobody who cannot act on them, or already has what is required', async () => {
    const ending = [endsIn(3)];
    await remindersFor([
      { id: 'disabled', groups: ending, disabledAt: 1 },
      { id: 'invited', groups: ending, passwordHash: null },
      { id: 'app', groups: ending, methods: ['app'] },
      { id: 'mail', groups: ending, methods: ['email'] },
    ]).send(OPERATOR);
    assert.deepEqual(reminded(), ['mail'], 'whose method does not satisfy the rule');
    assert.deepEqual(store.asked, [['app']], 'the store asks once more for these');
  });

  it('come once each seven days before and one day before', async () => {
    const reminders = remindersFor([{ id: 'ann', groups: [endsIn(7)] }]);
    const sent: number[] = [];
    for (const pause of [0, days(1), days(4.9), days(0.1), days(0.5)]) {
      clock.passes(pause);
      sent.push((await reminders.send(OPERATOR)).sent);
    }
    assert.deepEqual(sent, [1, 0, 0, 1, 0]);
  });

  it('come once, with any number of concurrent runs', async () => {
    const reminders = remindersFor([{ id: 'ann', groups: [endsIn(1)] }]);
    const outcomes = await Promise.all(Array.from({ length: 20 }, () => reminders.send(OPERATOR)));
    assert.equal(outcomes.filter(({ sent }) => sent === 1).length, 1);
    assert.equal(mails.length, 1);
  });

  it('that wait for the mail server count as sent, because they are tried again', async () => {
    word = 'waiting';
    const reminders = remindersFor([{ id: 'ann', groups: [endsIn(1)] }]);
    assert.deepEqual(await reminders.send(OPERATOR), { sent: 1, refused: 0 });
    assert.deepEqual(await reminders.send(OPERATOR), { sent: 0, refused: 0 });
  });

  it('that are refused are tried again by the next run, and are not in the audit log', async () => {
    word = 'refused';
    const reminders = remindersFor([{ id: 'ann', groups: [endsIn(1)] }]);
    assert.deepEqual(await reminders.send(OPERATOR), { sent: 0, refused: 1 });
    assert.deepEqual(audit.events, []);
    word = 'accepted';
    assert.deepEqual(await reminders.send(OPERATOR), { sent: 1, refused: 0 });
  });
});
