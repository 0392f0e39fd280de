import type { Accounts } from '../accounts/accounts.ts';
import type { Audit } from '../audit/audit.ts';
import type { Attempts } from '../codes/attempts.ts';
import type { Clock, Instant } from '../kernel/time.ts';
import { bind, type Transact, type Transaction } from '../kernel/transaction.ts';
import type { Notices } from '../mail/notices.ts';
import { MAILED_METHODS } from '../settings/method-ids.ts';
import { type Authenticator, type Authenticators, type NewAuthenticator, nameKey } from './authenticator.ts';
import type { EnrolmentContext, EnrolmentState, FieldValues, Method, Proven, StepOutcome } from './method.ts';

/** `next`: the result of `Accept`, from the transaction that created the authenticator. */
export type EnrolmentOutcome<Next = unknown> =
  | Exclude<StepOutcome<EnrolmentState>, { kind: 'proven' }>
  | { readonly kind: 'created'; readonly authenticator: Authenticator; readonly next: Next }
  | { readonly kind: 'name taken' }
  /** The person has a factor meanwhile, which this session has not proven. */
  | { readonly kind: 'not the first' }
  | { readonly kind: 'wait'; readonly until: Instant };

/** Continues in the transaction that creates the authenticator; may be called again if the transaction is retried. */
export type Accept<Next> = (created: Authenticator, tx: Transaction) => Promise<Next>;

interface EnrolmentServices {
  readonly accounts: Pick<Accounts, 'confirmEmail'>;
  readonly authenticators: Authenticators;
  readonly attempts: Attempts;
  readonly audit: Audit;
  readonly notices: Notices;
  readonly transaction: Transact;
  readonly clock: Clock;
}

/** Creating authenticators: the same for every method, at sign-in and in the profile. */
export class Enrolments {
  readonly #services: EnrolmentServices;

  constructor(services: EnrolmentServices) {
    this.#services = services;
  }

  in(tx: Transaction): Enrolments {
    return new Enrolments(bind(this.#services, tx));
  }

  /**
   * Handles the form of the current step, parsed by its `fields`. The check, the authenticator, its audit entry and `accept` are one
   * transaction.
   */
  async submit<Next = undefined>(
    method: Method,
    state: EnrolmentState,
    values: FieldValues,
    context: EnrolmentContext,
    accept: Accept<Next> = async () => undefined as Next,
  ): Promise<EnrolmentOutcome<Next>> {
    if (isNameTaken(values, context)) return { kind: 'name taken' };
    if (!stepOf(method, state).isAttempt) return this.#take(method, state, values, context, accept);
    const { account, actor } = context;
    const attempt = { account, actor, details: detailsOf(method) };
    return this.#services.attempts.decide(attempt, { method }, async (bound, _, tx) => {
      const enrolments = this.in(tx);
      const outcome = await enrolments.#take(bound.method, state, values, context, accept);
      // The response was right, even if the authenticator cannot be created.
      if (outcome.kind !== 'fault') await enrolments.#services.attempts.reset(account.id);
      return outcome;
    });
  }

  async #take<Next>(
    method: Method,
    state: EnrolmentState,
    values: FieldValues,
    context: EnrolmentContext,
    accept: Accept<Next>,
  ): Promise<EnrolmentOutcome<Next>> {
    const { account, actor } = context;
    const outcome = await stepOf(method, state).submit(state, values, context);
    if (outcome.kind === 'proven') return this.#create(method, state.id, outcome, context, accept);
    if (outcome.kind === 'fault') {
      const details = { ...detailsOf(method), fault: outcome.fault };
      await this.#services.audit.record('second-step.refused', actor, account, details);
    }
    return outcome;
  }

  async #create<Next>(
    method: Method,
    id: string,
    proven: Proven,
    { account, actor, replacedId, proven: mayAdd }: EnrolmentContext,
    accept: Accept<Next>,
  ): Promise<EnrolmentOutcome<Next>> {
    const { transaction, clock } = this.#services;
    const now = clock();
    const authenticator: Authenticator = {
      ...{ id, accountId: account.id, method: method.id, name: proven.name, data: proven.data },
      ...{ createdAt: now, lastUsedAt: null, blockedAt: null, preferredAt: null },
    };
    return transaction(this.#services, async ({ accounts, audit, notices }, tx) => {
      const kept = mayAdd
        ? await this.in(tx).#keep(authenticator, replacedId)
        : await this.in(tx).#keepFirst(authenticator);
      if (typeof kept === 'string') return { kind: kept };
      if (proven.consume && !(await proven.consume(tx)))
        throw new Error('The proof has already been consumed.');
      if (MAILED_METHODS.includes(method.id) && account.emailConfirmedAt === null) {
        await accounts.confirmEmail(account.id, account.email, now);
      }
      const detail = { method: method.id, authenticator: proven.name };
      const event = kept ? 'authenticator.replaced' : 'authenticator.created';
      await audit.record(event, actor, account, detail);
      const notice = kept ? 'authenticator replaced' : 'authenticator created';
      await notices.tell(account, notice, actor, proven.name);
      return { kind: 'created', authenticator, next: await accept(authenticator, tx) };
    });
  }

  /** Only one of many sessions with just the password creates the first factor; the others have to prove it. */
  async #keepFirst(authenticator: NewAuthenticator): Promise<false | 'not the first'> {
    return (await this.#services.authenticators.createFirst(authenticator)) ? false : 'not the first';
  }

  /** Stores it; true if it replaced another. If that one no longer exists, the new one is added. */
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

function stepOf(method: Method, { step }: EnrolmentState) {
  const found = method.enrolment.steps[step];
  if (!found) throw new Error(`${method.id} has no step "${step}".`);
  return found;
}

function detailsOf({ id }: Method) {
  return { method: id, purpose: 'enrolment' } as const;
}

/** A later step has no field `name`: then the unique index decides. */
function isNameTaken({ name }: FieldValues, { existing, replacedId }: EnrolmentContext): boolean {
  if (typeof name !== 'string') return false;
  return existing.some((other) => other.id !== replacedId && nameKey(other.name) === nameKey(name));
}
