import type { Account } from '../accounts/account.ts';
import type { Atomically } from '../atomically.ts';
import { type Actor, type Audit, type AuditEventName, party } from '../audit/audit.ts';
import {
  SECOND_FACTOR_BLOCK,
  SECOND_FACTOR_RULE,
  secondFactorSubject,
  type Throttle,
} from '../limits/throttle.ts';
import type { Notices } from '../post/notices.ts';
import type { Clock, Instant } from '../time.ts';
import type { Authenticator, Authenticators } from './authenticator.ts';
import type { Binding } from './challenges.ts';
import { type CodeFault, METHOD_IDS, type MethodId, type SendOutcome } from './method.ts';
import type { Methods } from './methods/registry.ts';

export type SecondStepOutcome =
  | { readonly kind: 'accepted' }
  | { readonly kind: 'fault'; readonly fault: CodeFault; readonly failures: number }
  | { readonly kind: 'wait'; readonly until: Instant }
  | { readonly kind: 'blocked' };

interface SecondStepServices {
  readonly methods: Methods;
  readonly authenticators: Authenticators;
  readonly throttle: Throttle;
  readonly audit: Audit;
  readonly notices: Notices;
  readonly atomically: Atomically;
  readonly clock: Clock;
  /** Hears of each authenticator that was proven. */
  readonly proven: (method: MethodId) => void;
}

const REFUSED: Record<Binding['purpose'], AuditEventName> = {
  'sign-in': 'second-step.refused',
  'step-up': 'step-up.refused',
  enrolment: 'second-step.refused',
  'e-mail change': 'step-up.refused',
};

/** Proving an authenticator: at sign-in, and at step-up. */
export class SecondStep {
  readonly #services: SecondStepServices;

  constructor(services: SecondStepServices) {
    this.#services = services;
  }

  /** Sends a code where the authenticator's method sends any. */
  async send(
    account: Account,
    authenticator: Authenticator,
    binding: Binding,
    actor: Actor,
  ): Promise<SendOutcome> {
    const outcome = await this.#services.methods[authenticator.method].proof.send(
      authenticator,
      account,
      binding,
    );
    const event = outcome.kind === 'sent' ? 'second-step.code-sent' : 'second-step.code-not-sent';
    await this.#record(event, account, authenticator, actor, {
      purpose: binding.purpose,
      outcome: outcome.kind,
    });
    return outcome;
  }

  /**
   * Checks a code. Failures are counted for the account across its sessions, authenticators and resends; each try is
   * counted before it is looked at, so that guesses sent side by side do not share one (NIST SP 800-63B-4 §3.2.2).
   */
  async verify(
    account: Account,
    authenticator: Authenticator,
    binding: Binding,
    code: string,
    actor: Actor,
  ): Promise<SecondStepOutcome> {
    if (authenticator.blockedAt !== null) {
      const detail = { purpose: binding.purpose, fault: 'blocked' };
      await this.#record(REFUSED[binding.purpose], account, authenticator, actor, detail);
      return { kind: 'blocked' };
    }
    const attempt = await this.#services.throttle.take(secondFactorSubject(account.id), SECOND_FACTOR_RULE);
    if (attempt.kind === 'wait') {
      await this.#record('second-step.throttled', account, authenticator, actor, {
        purpose: binding.purpose,
      });
      return attempt;
    }
    const { proof } = this.#services.methods[authenticator.method];
    const result = await proof.verify(authenticator, account, binding, code);
    if (result !== 'right')
      return this.#fail(account, authenticator, binding, result, attempt.failures, actor);
    const { throttle, authenticators, atomically, clock, proven } = this.#services;
    await atomically(async () => {
      await throttle.reset(secondFactorSubject(account.id));
      await authenticators.recordUse(authenticator.id, clock());
    });
    proven(authenticator.method);
    return { kind: 'accepted' };
  }

  /** Until when the account has to wait before its next code; undefined when it may try now. */
  async waiting(account: Account): Promise<Instant | undefined> {
    return this.#services.throttle.waiting(secondFactorSubject(account.id), SECOND_FACTOR_RULE);
  }

  async #fail(
    account: Account,
    authenticator: Authenticator,
    binding: Binding,
    fault: CodeFault,
    failures: number,
    actor: Actor,
  ): Promise<SecondStepOutcome> {
    const detail = { purpose: binding.purpose, fault: fault.kind, failures: String(failures) };
    const isBlocked = failures >= SECOND_FACTOR_BLOCK;
    await this.#services.atomically(async () => {
      await this.#record(REFUSED[binding.purpose], account, authenticator, actor, detail);
      // Whoever fails so often has the password: the person should hear of it, once (ASVS 6.3.5).
      if (failures === SECOND_FACTOR_RULE.from) {
        await this.#services.notices.tell(account, 'second step failed', actor, authenticator.name);
      }
      if (!isBlocked) return;
      await this.#services.authenticators.block(authenticator.id, this.#services.clock());
      await this.#record('second-step.blocked', account, authenticator, actor);
      await this.#services.notices.tell(account, 'authenticator blocked', actor, authenticator.name);
    });
    return isBlocked ? { kind: 'blocked' } : { kind: 'fault', fault, failures };
  }

  async #record(
    event: AuditEventName,
    account: Account,
    authenticator: Authenticator,
    actor: Actor,
    detail: Readonly<Record<string, string>> = {},
  ): Promise<void> {
    const named = { method: authenticator.method, authenticator: authenticator.name, ...detail };
    await this.#services.audit.record(event, actor.origin, actor.party, party(account), named);
  }
}

/**
 * The authenticator to ask for: the one the person picked now, else the one they chose to be asked for first, else the
 * last used, else the first on offer; one that is blocked comes last.
 */
export function chooseAuthenticator(
  usable: readonly Authenticator[],
  pickedId: string | undefined,
): Authenticator | undefined {
  const picked = usable.find(({ id }) => id === pickedId);
  const byPreference = [...usable].sort(
    (a, b) =>
      Number(a.blockedAt !== null) - Number(b.blockedAt !== null) ||
      (b.preferredAt ?? 0) - (a.preferredAt ?? 0) ||
      (b.lastUsedAt ?? 0) - (a.lastUsedAt ?? 0) ||
      METHOD_IDS.indexOf(a.method) - METHOD_IDS.indexOf(b.method),
  );
  return picked ?? byPreference[0];
}
