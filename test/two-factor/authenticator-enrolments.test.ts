import assert from 'node:assert/strict';
import { minutes } from '../../src/kernel/time.ts';
import { SECOND_FACTOR_RULE } from '../../src/limits/failure-backoff.ts';
import type { EnrolmentContext, EnrolmentState } from '../../src/two-factor/method.ts';
import { AuthenticatorApp } from '../support/authenticator-app.ts';
import { accountOf, enrolmentContext, type TwoFactor, twoFactor } from './two-factor-under-test.ts';

const ANN = accountOf('ann');

describe('enrolments', () => {
  let domain: TwoFactor;

  beforeEach(() => {
    domain = twoFactor();
  });

  /** A scanned app, with its right form. */
  async function scanned(context: EnrolmentContext, name = 'Phone') {
    const { app } = domain.methods;
    const state = app.enrolment.begin(context);
    const shown = await app.enrolment.steps['scan']?.describe(state, context);
    const phone = new AuthenticatorApp();
    phone.type(String(shown?.['setupKey']));
    return { state, values: { name, code: phone.code(domain.clock.now) }, context };
  }

  const submitApp = ({ state, values, context }: Awaited<ReturnType<typeof scanned>>) =>
    domain.enrolments.submit(domain.methods.app, state, values, context);

  const existing = () => domain.authenticators.of(ANN.id);

  /** An enrolment by mail whose code was sent. */
  async function codeSent(context: EnrolmentContext): Promise<EnrolmentState> {
    const { email } = domain.methods;
    const state = email.enrolment.begin(context);
    const outcome = await domain.enrolments.submit(email, state, { name: 'Work mail' }, context);
    assert.ok(outcome.kind === 'continue', outcome.kind);
    return outcome.state;
  }

  it('create an authenticator, record it and mail the person', async () => {
    const outcome = await submitApp(await scanned(enrolmentContext(ANN)));
    assert.equal(outcome.kind, 'created');
    assert.deepEqual(domain.eventNames(), ['authenticator.created']);
    assert.deepEqual(domain.post.notices(ANN.email), ['authenticator created']);
  });

  it('consume the code of the enrolment: its time step is worthless afterwards', async () => {
    const form = await scanned(enrolmentContext(ANN));
    await submitApp(form);
    const step = Math.floor(domain.clock.now / 30_000);
    assert.equal(await domain.totpSteps.consume(form.state.id, step), false);
    assert.equal(await domain.totpSteps.consume(form.state.id, step + 1), true);
  });

  it('refuse a name that the person already uses, in any spelling', async () => {
    await submitApp(await scanned(enrolmentContext(ANN), 'Phone'));
    const outcome = await submitApp(await scanned(enrolmentContext(ANN, await existing()), 'ＰＨＯＮＥ'));
    assert.deepEqual(outcome, { kind: 'name taken' });
  });

  it('refuse a name that was taken since the step that asked for it', async () => {
    const context = enrolmentContext(ANN);
    const state = await codeSent(context);
    await submitApp(await scanned(context, 'Work mail'));
    const values = { code: domain.post.code(ANN.email) };
    const outcome = await domain.enrolments.submit(domain.methods.email, state, values, context);
    assert.deepEqual(outcome, { kind: 'name taken' });
  });

  it('create the first factor for one of twenty sessions that have only proven the password', async () => {
    const forms = await Promise.all(
      Array.from({ length: 20 }, (_, index) =>
        scanned(enrolmentContext(ANN, [], { proven: false }), `Phone ${index}`),
      ),
    );
    const outcomes = await Promise.all(forms.map(submitApp));
    assert.equal(outcomes.filter(({ kind }) => kind === 'created').length, 1);
    assert.equal(outcomes.filter(({ kind }) => kind === 'not the first').length, 19);
  });

  it('replace an authenticator, and add the new one if it is gone', async () => {
    await submitApp(await scanned(enrolmentContext(ANN)));
    const [old = assert.fail()] = await existing();
    const replacing = { replacedId: old.id };
    await submitApp(await scanned(enrolmentContext(ANN, [old], replacing)));
    const [replaced = assert.fail(), ...more] = await existing();
    assert.deepEqual(more, []);
    assert.notEqual(replaced.id, old.id);
    await submitApp(await scanned(enrolmentContext(ANN, [replaced], replacing), 'Tablet'));
    assert.equal((await existing()).length, 2);
    assert.deepEqual(domain.eventNames(), [
      'authenticator.created',
      'authenticator.replaced',
      'authenticator.created',
    ]);
  });

  it('count a mailed code as an attempt, and check none during a wait', async () => {
    const context = enrolmentContext(ANN);
    const state = await codeSent(context);
    const guess = (code: string) => domain.enrolments.submit(domain.methods.email, state, { code }, context);
    for (let time = 0; time < SECOND_FACTOR_RULE.from; time++)
      assert.equal((await guess('none')).kind, 'fault');
    assert.equal((await guess(domain.post.code(ANN.email))).kind, 'wait');
    assert.equal(domain.eventNames().at(-1), 'second-step.throttled');
    domain.clock.passes(minutes(1));
    await domain.methods.email.enrolment.steps['code']?.resend?.(state, context);
    assert.equal((await guess(domain.post.code(ANN.email))).kind, 'created');
    assert.equal(await domain.attempts.waiting(ANN.id), undefined, 'the count begins again');
  });

  it("do not count a code of an app: its secret is on the person's own screen", async () => {
    const form = await scanned(enrolmentContext(ANN));
    for (let time = 0; time < 10; time++) {
      const values = { ...form.values, code: form.values.code === '000000' ? '000001' : '000000' };
      assert.equal((await submitApp({ ...form, values })).kind, 'fault');
    }
    assert.equal((await submitApp(form)).kind, 'created');
  });

  it('stay at the step if its code could not be sent', async () => {
    const context = enrolmentContext(ANN);
    const { email } = domain.methods;
    domain.post.answer = 'refused';
    const state = email.enrolment.begin(context);
    const outcome = await domain.enrolments.submit(email, state, { name: 'Work mail' }, context);
    assert.deepEqual(outcome, { kind: 'not sent', outcome: { kind: 'refused' } });
    const { event, detail } = domain.events.events.at(-1) ?? assert.fail();
    assert.equal(event, 'second-step.code-not-sent');
    assert.deepEqual(detail, { method: 'email', purpose: 'enrolment', outcome: 'refused' });
  });
});
