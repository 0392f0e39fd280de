import assert from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';
import { Keyring } from '../../src/kernel/keyring.ts';
import { type Arrival, type FirstArrival, type Outcome, Submissions } from '../../src/limits/submissions.ts';
import { SubmissionsInMemory } from '../../src/limits/submissions-in-memory.ts';

const FORM: Arrival = { cookie: 'one', content: ['POST', '/sign-in', 'Lynx', '{"a":"b"}'] };

describe('Submissions', () => {
  let now: number;
  let store: SubmissionsInMemory;
  let submissions: Submissions;
  let faults: unknown[];

  function another(secret = 'a secret of more than 32 characters'): Submissions {
    return new Submissions({
      ...{ store, keyring: new Keyring(() => [secret]), clock: () => now },
      report: (error) => faults.push(error),
    });
  }

  beforeEach(() => {
    now = 1_800_000_000_000;
    faults = [];
    store = new SubmissionsInMemory(() => now);
    submissions = another();
  });

  function first(outcome: Outcome): FirstArrival {
    assert.ok(outcome.kind === 'first', outcome.kind);
    return outcome;
  }

  it('repeat the first response to the second arrival, also on another instance', async () => {
    first(await submissions.claim(FORM)).answered('the answer', undefined);
    for (const instance of [submissions, another()]) {
      assert.deepEqual(await instance.claim(FORM), { kind: 'answered', answer: 'the answer' });
      assert.deepEqual(await instance.find(FORM), { kind: 'answered', answer: 'the answer' });
    }
  });

  it('make the second arrival wait while the first is processed', async () => {
    const claimed = first(await submissions.claim(FORM));
    let answered = false;
    const [claim, found] = [another().claim(FORM), another().find({ ...FORM, cookie: 'two' })];
    const waiting = Promise.all([claim, found]).then((outcomes) => {
      assert.ok(answered);
      return outcomes;
    });
    await delay(120);
    answered = true;
    claimed.answered('the answer', 'two');
    const expected = { kind: 'answered', answer: 'the answer' };
    assert.deepEqual(await waiting, [expected, expected]);
  });

  it('let the second arrival proceed if the first was abandoned', async () => {
    const claimed = first(await submissions.claim(FORM));
    const waiting = another().claim(FORM);
    await delay(20);
    claimed.forget();
    assert.equal((await waiting).kind, 'given up');
    first(await another().claim(FORM)).forget();
  });

  it('let the second arrival proceed after the lease of a dead process', async () => {
    await submissions.claim(FORM);
    const waiting = another().claim(FORM);
    await delay(20);
    now += 5000;
    assert.equal((await waiting).kind, 'given up');
  });

  it('show the response only to the sender and to the cookie that it sets', async () => {
    first(await submissions.claim(FORM)).answered('the answer', 'two');
    const asked = async (cookie: string) => (await another().find({ ...FORM, cookie }))?.kind;
    assert.deepEqual([await asked('one'), await asked('two')], ['answered', 'answered']);
    assert.equal(await asked('three'), undefined);
    assert.equal((await another().claim({ ...FORM, cookie: 'three' })).kind, 'given up');
  });

  it('identify a form by all of its content', async () => {
    first(await submissions.claim(FORM)).answered('the answer', undefined);
    for (let index = 0; index < FORM.content.length; index += 1) {
      const content = FORM.content.with(index, `${FORM.content[index]}.`);
      assert.equal(await submissions.find({ ...FORM, content }), undefined);
      first(await submissions.claim({ ...FORM, content })).forget();
    }
    const joined = [FORM.content.slice(0, 2).join(''), ...FORM.content.slice(2)];
    assert.equal(await submissions.find({ ...FORM, content: joined }), undefined);
  });

  it('forget a response after fifteen seconds', async () => {
    first(await submissions.claim(FORM)).answered('the answer', undefined);
    now += 14_999;
    assert.equal((await submissions.find(FORM))?.kind, 'answered');
    now += 1;
    assert.equal(await submissions.find(FORM), undefined);
    first(await submissions.claim(FORM)).forget();
  });

  it('store sixteen forms of one sender, besides those of others', async () => {
    const form = (number: number, cookie = 'one') => ({ cookie, content: [String(number)] });
    first(await submissions.claim(form(100, 'other'))).answered('other', undefined);
    for (let count = 0; count < 17; count += 1) {
      first(await submissions.claim(form(count))).answered(`answer ${count}`, undefined);
    }
    assert.equal(await submissions.find(form(0)), undefined);
    assert.equal((await submissions.find(form(1)))?.kind, 'answered');
    assert.equal((await submissions.find(form(16)))?.kind, 'answered');
    assert.equal((await submissions.find(form(100, 'other')))?.kind, 'answered');
  });

  it('do not store a response that is too long', async () => {
    first(await submissions.claim(FORM)).answered('x'.repeat(100_000), undefined);
    assert.equal(await submissions.find(FORM), undefined);
  });

  it('do not accept a text that was sealed under another secret', async () => {
    first(await submissions.claim(FORM)).answered('the answer', undefined);
    assert.equal(await another('another secret of more than 32 chars').find(FORM), undefined);
  });

  it('are unavailable for everybody while the store is unavailable', async () => {
    store.claim = async () => {
      throw new Error('away');
    };
    await assert.rejects(submissions.claim(FORM), /away/);
  });
});
