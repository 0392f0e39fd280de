import type { Atomically } from '../atomically.ts';
import { type Actor, type Audit, type AuditEventName, party } from '../audit/audit.ts';
import { SECOND_FACTOR_RULE, secondFactorSubject, type Throttle } from '../limits/throttle.ts';
import type { Notices } from '../post/notices.ts';
import type { Clock, Instant } from '../time.ts';
import { type Authenticator, type Authenticators, type NewAuthenticator, nameKey } from './authenticator.ts';
import type {
  EnrolmentContext,
  EnrolmentState,
  Method,
  SendOutcome,
  StepOutcome,
  StepValues,
} from './method.ts';

export type EnrolmentOutcome =
  | Exclude<StepOutcome<EnrolmentState>, { kind: 'proven' }>
  | { readonly kind: 'created'; readonly authenticator: Authenticator }
  | { readonly kind: 'name taken' }
  | { readonly kind: 'wait'; readonly until: Instant };

interface EnrolmentServices {
  readonly authenticators: Authenticators;
  readonly throttle: Throttle;
  readonly audit: Audit;
  readonly notices: Notices;
  readonly atomically: Atomically;
  readonly clock: Clock;
}

/** Creating authenticators, the same for every method and wherever the wizard stands. */
export class Enrolments {
  readonly #services: EnrolmentServices;

  constructor(services: EnrolmentServices) {
    this.#services = services;
  }

  /** Takes what the person gave for the step they are at. */
  async submit(
    method: Method,
    state: EnrolmentState,
    values: StepValues,
    context: EnrolmentContext,
    actor: Actor,
  ): Promise<EnrolmentOutcome> {
    const { existing } = context;
    const others = existing.filter(({ id }) => id !== context.replacedId);
    if (others.some(({ name }) => nameKey(name) === nameKey(values.name))) return { kind: 'name taken' };
    const counted = values.code !== '' && method.proof.sends;
    const subject = secondFactorSubject(context.account.id);
    if (counted) {
      // The code proves a mailbox, so it is guarded as at sign-in; an app's secret is on the person's own screen.
      const attempt = await this.#services.throttle.take(subject, SECOND_FACTOR_RULE);
      if (attempt.kind === 'wait') {
        await this.#record('second-step.throttled', method, actor, {});
        return attempt;
      }
    }
    const outcome = await method.enrolment.submit(state, values, context);
    if (outcome.kind !== 'proven') {
      await this.#recordStep(method, outcome, actor);
      return outcome;
    }
    if (counted) await this.#services.throttle.reset(subject);
    return this.#create(method, state.id, outcome, context, actor);
  }

  /** Sends the step's code once more; undefined where the method sends none. */
  async resend(
    method: Method,
    state: EnrolmentState,
    context: EnrolmentContext,
    actor: Actor,
  ): Promise<SendOutcome | undefined> {
    const outcome = await method.enrolment.resend?.(state, context);
    if (outcome) await this.#recordSending(method, outcome.kind, actor);
    return outcome;
  }

  /** What came of a step that has not created anything yet: a code was sent, or was not, or was wrong. */
  async #recordStep(
    method: Method,
    outcome: Exclude<StepOutcome<EnrolmentState>, { kind: 'proven' }>,
    actor: Actor,
  ): Promise<void> {
    if (outcome.kind === 'code fault') {
      await this.#record('second-step.refused', method, actor, { fault: outcome.fault.kind });
    } else if (method.proof.sends) {
      const sending = outcome.kind === 'continue' ? (outcome.sending ?? 'sent') : outcome.outcome.kind;
      await this.#recordSending(method, sending, actor);
    }
  }

  async #recordSending(method: Method, outcome: SendOutcome['kind'], actor: Actor): Promise<void> {
    const event = outcome === 'sent' ? 'second-step.code-sent' : 'second-step.code-not-sent';
    await this.#record(event, method, actor, { outcome });
  }

  async #record(
    event: AuditEventName,
    method: Method,
    { origin, party: person }: Actor,
    detail: Readonly<Record<string, string>>,
  ): Promise<void> {
    const facts = { method: method.id, purpose: 'enrolment', ...detail };
    await this.#services.audit.record(event, origin, person, person, facts);
  }

  async #create(
    method: Method,
    id: string,
    proven: Extract<StepOutcome<EnrolmentState>, { kind: 'proven' }>,
    { account, replacedId }: EnrolmentContext,
    actor: Actor,
  ): Promise<EnrolmentOutcome> {
    const { audit, notices, atomically, clock } = this.#services;
    const now = clock();
    const authenticator = {
      id,
      accountId: account.id,
      method: method.id,
      name: proven.name,
      data: proven.data,
      lastStep: proven.lastStep,
      createdAt: now,
    };
    const replaced = await atomically(async () => {
      const kept = await this.#keep(authenticator, replacedId);
      if (kept === 'name taken') return kept;
      const detail = { method: method.id, authenticator: proven.name };
      const event = kept ? 'authenticator.replaced' : 'authenticator.created';
      await audit.record(event, actor.origin, actor.party, party(account), detail);
      const notice = kept ? 'authenticator replaced' : 'authenticator created';
      await notices.tell(account, notice, actor, proven.name);
      return kept;
    });
    if (replaced === 'name taken') return { kind: 'name taken' };
    return {
      kind: 'created',
      authenticator: { ...authenticator, lastUsedAt: null, blockedAt: null, preferredAt: null },
    };
  }

  /** Whether it took another's place. Where that one has gone meanwhile, the new one is simply there. */
  async #keep(
    authenticator: NewAuthenticator,
    replacedId: string | undefined,
  ): Promise<boolean | 'name taken'> {
    if (replacedId !== undefined) {
      const outcome = await this.#services.authenticators.replace(authenticator, replacedId);
      if (outcome !== 'gone') return outcome === 'replaced' ? true : outcome;
    }
    return (await this.#services.authenticators.create(authenticator)) ? false : 'name taken';
  }
}
