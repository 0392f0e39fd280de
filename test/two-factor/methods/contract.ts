import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import type { Account } from '../../../src/accounts/account.ts';
import type { Authenticator } from '../../../src/two-factor/authenticator.ts';
import type {
  EnrolmentContext,
  EnrolmentState,
  FieldValues,
  Method,
  ProofContext,
} from '../../../src/two-factor/method.ts';
import { accountOf, enrolmentContext, proofContext, type TwoFactor } from '../two-factor-under-test.ts';

/** The content of a form: the values of its fields as they are sent. */
export type Form = Readonly<Record<string, string>>;

/** A method with a person who uses it. */
export interface MethodUnderTest {
  readonly domain: TwoFactor;
  readonly method: Method;
  /** The file of one of the method's views. */
  readonly viewFile?: (view: string) => string;
  /** A state as a session of an older version may contain it, and the data of an authenticator of that version. */
  readonly stored: { readonly state: EnrolmentState; readonly data: (account: Account) => unknown };
  /** The right form of the step. */
  enrols(state: EnrolmentState, context: EnrolmentContext): Promise<Form>;
  /** A wrong form of the last step. */
  enrolsWrong(right: Form): Form;
  /** The right response now; each call returns an unused one. */
  responds(authenticator: Authenticator, context: ProofContext): Promise<Form>;
  wrong(right: Form): Form;
  /** Advances the clock until an earlier response has expired. */
  expires(): void;
}

/** What every method has to do, whatever it requires. `open` creates the method for each test. */
export function methodContract(name: string, open: () => MethodUnderTest): void {
  describe(`the contract of a method: ${name}`, () => {
    const ann = accountOf('ann');
    const ben = accountOf('ben');
    let test: MethodUnderTest;

    beforeEach(() => {
      test = open();
    });

    const parsed = (fields: { parse(form: Form): FieldValues }, form: Form) => fields.parse(form);

    function stepOf(state: EnrolmentState) {
      const step = test.method.enrolment.steps[state.step];
      assert.ok(step, `there is no step "${state.step}"`);
      return step;
    }

    /** A state as read from the session. */
    function reloaded(state: EnrolmentState): EnrolmentState {
      return test.method.enrolment.schema.parse(JSON.parse(JSON.stringify(state)));
    }

    /** Goes up to the last step, with the right form for it. */
    async function begins(account: Account, context = enrolmentContext(account)) {
      const names = Object.keys(test.method.enrolment.steps);
      let state = reloaded(test.method.enrolment.begin(context));
      for (;;) {
        const form = await test.enrols(state, context);
        if (state.step === names.at(-1)) return { state, form, context };
        const values = parsed(stepOf(state).fields, form);
        const outcome = await test.domain.enrolments.submit(test.method, state, values, context);
        assert.ok(outcome.kind === 'continue', outcome.kind);
        assert.equal(outcome.state.id, state.id, 'one enrolment has one id');
        state = reloaded(outcome.state);
      }
    }

    async function submits(state: EnrolmentState, form: Form, context: EnrolmentContext) {
      return test.domain.enrolments.submit(test.method, state, parsed(stepOf(state).fields, form), context);
    }

    async function enrolled(account: Account): Promise<Authenticator> {
      const { state, form, context } = await begins(account);
      const outcome = await submits(state, form, context);
      assert.ok(outcome.kind === 'created', outcome.kind);
      const [kept = assert.fail('it is not stored')] = await test.domain.authenticators.of(account.id);
      // A mailed code may be sent again after a pause.
      test.domain.clock.passes(60_000);
      return kept;
    }

    async function verify(authenticator: Authenticator, form: Form, context: ProofContext) {
      const response = parsed(test.method.verifier.fields, form);
      return test.method.verifier.verifyAndConsume(authenticator, response, context);
    }

    it('has a view for each step, each part and the response', () => {
      const { steps, parts = {} } = test.method.enrolment;
      if (!test.viewFile) return;
      for (const view of [...Object.keys(steps), ...Object.keys(parts), 'response']) {
        assert.ok(existsSync(test.viewFile(view)), `${view} has no view`);
      }
    });

    it('declares the fields of each step, and of the response, without a page', () => {
      const { enrolment, verifier } = test.method;
      const names = Object.values(enrolment.steps).flatMap(({ fields }) => Object.keys(fields.shape));
      assert.ok(names.includes('name'), 'a step asks for the Authenticator Name');
      assert.equal(new Set(names).size, names.length, 'no field is asked for twice');
      assert.ok(Object.keys(verifier.fields.shape).length > 0);
      assert.ok(!('name' in verifier.fields.shape), 'a response is never shown again');
      for (const { fields } of [...Object.values(enrolment.steps), verifier]) {
        assert.equal(fields.safeParse({}).success, false, 'an empty form is refused');
        const arrays = Object.fromEntries(Object.keys(fields.shape).map((field) => [field, ['a', 'b']]));
        assert.equal(fields.safeParse(arrays).success, false, 'arrays are refused');
      }
    });

    it('starts at its first step, with its own method', () => {
      const state = test.method.enrolment.begin(enrolmentContext(ann));
      assert.equal(state.step, Object.keys(test.method.enrolment.steps)[0]);
      assert.equal(state.method, test.method.id);
      assert.deepEqual(reloaded(state), state);
    });

    it('accepts no state of another method', () => {
      const { schema } = test.method.enrolment;
      const state = test.method.enrolment.begin(enrolmentContext(ann));
      for (const strange of [
        undefined,
        {},
        { ...state, step: 'unheard of' },
        { ...state, method: 'another' },
      ]) {
        assert.equal(schema.safeParse(strange).success, false);
      }
    });

    it('accepts what an older version stored', async () => {
      const { state, data } = test.stored;
      assert.equal(test.method.enrolment.schema.safeParse(state).success, true);
      const now = test.domain.clock.now;
      const old = { id: 'old', accountId: ann.id, method: test.method.id, name: 'Old', createdAt: now };
      assert.ok(await test.domain.authenticators.create({ ...old, data: data(ann) }));
      const [authenticator = assert.fail()] = await test.domain.authenticators.of(ann.id);
      assert.equal(typeof test.method.describe(authenticator, ann), 'string');
      const context = proofContext(ann);
      assert.equal(
        await verify(authenticator, await test.responds(authenticator, context), context),
        'right',
      );
    });

    it('shows each step and each part', async () => {
      const { state, context } = await begins(ann);
      assert.equal(typeof (await stepOf(state).describe(state, context)), 'object');
      for (const part of Object.values(test.method.enrolment.parts ?? {})) {
        assert.equal(typeof (await part.describe(state, context)), 'object');
      }
    });

    it('creates an authenticator with the name and the id of the enrolment', async () => {
      const { state, form, context } = await begins(ann);
      const outcome = await submits(state, form, context);
      assert.ok(outcome.kind === 'created', outcome.kind);
      const [kept, ...more] = await test.domain.authenticators.of(ann.id);
      assert.deepEqual(more, []);
      assert.deepEqual([kept?.id, kept?.method, kept?.name], [state.id, test.method.id, 'Mine']);
    });

    it('creates none for a wrong form, and then one for the right form', async () => {
      const { state, form, context } = await begins(ann);
      const outcome = await submits(state, test.enrolsWrong(form), context);
      assert.ok(outcome.kind === 'fault', outcome.kind);
      assert.equal(outcome.state.id, state.id);
      assert.deepEqual(await test.domain.authenticators.of(ann.id), []);
      assert.equal((await submits(reloaded(outcome.state), form, context)).kind, 'created');
    });

    it('creates one of twenty concurrent enrolments', async () => {
      const { state, form, context } = await begins(ann, enrolmentContext(ann, [], { proven: false }));
      const outcomes = await Promise.allSettled(
        Array.from({ length: 20 }, () => submits(state, form, context)),
      );
      const created = outcomes.filter(({ status, ...rest }) => {
        return (
          status === 'fulfilled' && 'value' in rest && (rest.value as { kind: string }).kind === 'created'
        );
      });
      assert.equal(created.length, 1);
      assert.equal((await test.domain.authenticators.of(ann.id)).length, 1);
    });

    it('does not accept the form of the enrolment again as a response', async () => {
      const { state, form, context } = await begins(ann);
      assert.equal((await submits(state, form, context)).kind, 'created');
      const [authenticator = assert.fail()] = await test.domain.authenticators.of(ann.id);
      const response = test.method.verifier.fields.safeParse(form);
      if (!response.success) return;
      const check = await test.method.verifier.verifyAndConsume(
        authenticator,
        response.data,
        proofContext(ann),
      );
      assert.notEqual(check, 'right');
    });

    it('accepts a right response once', async () => {
      const authenticator = await enrolled(ann);
      const context = proofContext(ann);
      const form = await test.responds(authenticator, context);
      assert.equal(await verify(authenticator, form, context), 'right');
      assert.notEqual(await verify(authenticator, form, context), 'right');
    });

    it('refuses a wrong response, and accepts the right one after it', async () => {
      const authenticator = await enrolled(ann);
      const context = proofContext(ann);
      const form = await test.responds(authenticator, context);
      assert.equal(await verify(authenticator, test.wrong(form), context), 'wrong');
      assert.equal(await verify(authenticator, form, context), 'right');
    });

    it('refuses an expired response', async () => {
      const authenticator = await enrolled(ann);
      const context = proofContext(ann);
      const form = await test.responds(authenticator, context);
      test.expires();
      assert.notEqual(await verify(authenticator, form, context), 'right');
    });

    it('accepts a right response of one of twenty concurrent requests', async () => {
      const authenticator = await enrolled(ann);
      const context = proofContext(ann);
      const form = await test.responds(authenticator, context);
      const checks = await Promise.all(
        Array.from({ length: 20 }, () => verify(authenticator, form, context)),
      );
      assert.equal(checks.filter((check) => check === 'right').length, 1);
    });

    it("refuses the response of another account's authenticator", async () => {
      const [anns, bens] = [await enrolled(ann), await enrolled(ben)];
      const form = await test.responds(anns, proofContext(ann));
      assert.notEqual(await verify(bens, form, proofContext(ben)), 'right');
      assert.equal(await verify(anns, form, proofContext(ann)), 'right', 'which leaves it as it is');
    });

    it('has data that is worthless on another account', async () => {
      const anns = await enrolled(ann);
      const moved = { ...anns, accountId: ben.id };
      const form = await test.responds(anns, proofContext(ann));
      await assertNotRight(() => verify(moved, form, proofContext(ben)));
    });

    it('sends, and reports when, if it has a delivery; shows no send button otherwise', async () => {
      const authenticator = await enrolled(ann);
      const context = proofContext(ann);
      const { delivery } = test.method.verifier;
      const resends = Object.values(test.method.enrolment.steps).filter(({ resend }) => resend);
      if (!delivery) return assert.deepEqual(resends, []);
      assert.ok(resends.length > 0, 'a step sends its code again');
      assert.equal(await delivery.lastSent(authenticator, context), undefined);
      const sent = await delivery.send(authenticator, context);
      assert.equal(sent.kind, 'sent');
      assert.equal(await delivery.lastSent(authenticator, context), test.domain.clock.now);
      assert.equal(await delivery.lastSent(authenticator, proofContext(ben)), undefined);
      assert.ok(((await delivery.nextSend(ann)) ?? 0) > test.domain.clock.now);
      assert.equal((await delivery.send(authenticator, context)).kind, 'wait');
    });

    it('works after a rotation of the keys', async () => {
      const authenticator = await enrolled(ann);
      const context = proofContext(ann);
      test.domain.rotateKeys();
      assert.equal(
        await verify(authenticator, await test.responds(authenticator, context), context),
        'right',
      );
      if (!test.method.reencrypted) return;
      const data = test.method.reencrypted(authenticator);
      assert.notEqual(data, undefined, 'it was under the old key');
      const renewed = { ...authenticator, data };
      assert.equal(test.method.reencrypted(renewed), undefined, 'it is under the newest key');
      test.domain.forgetOldKeys();
      test.domain.clock.passes(60_000);
      assert.equal(await verify(renewed, await test.responds(renewed, context), context), 'right');
      assert.throws(() => test.method.reencrypted?.(authenticator), 'with the old key the old data is lost');
    });

    it('describes an authenticator with what its owner may see, and nothing secret', async () => {
      const authenticator = await enrolled(ann);
      const description = test.method.describe(authenticator, ann);
      assert.ok(!description.includes(ann.email));
      for (const secret of leaves(authenticator.data)) assert.ok(!description.includes(secret));
    });
  });
}

/** It is refused, or cannot even be opened. */
async function assertNotRight(check: () => Promise<string>): Promise<void> {
  const outcome = await check().catch(() => 'a fault');
  assert.notEqual(outcome, 'right');
}

/** The texts in a value. */
function leaves(value: unknown): string[] {
  if (typeof value === 'string') return value === '' ? [] : [value];
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(leaves) : [];
}
