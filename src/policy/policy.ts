import type { Account } from '../accounts/account.ts';
import { MAILED_METHODS } from '../settings/method-ids.ts';
import type { Policy } from '../settings/rule.ts';
import type { OfMethod } from '../two-factor/authenticator.ts';

/** The authenticators that satisfy the rule. A blocked one counts, too: it is still a factor. */
export function satisfyingAuthenticators<One extends OfMethod>(
  policy: Policy,
  authenticators: readonly One[],
): readonly One[] {
  if (policy.rule === 'off') return [];
  return authenticators.filter(({ method }) => policy.methods.includes(method));
}

/** Whether the person has authenticators, but none of an allowed method. They are still asked for at sign-in. */
export function hasOnlyUnoffered(policy: Policy, authenticators: readonly OfMethod[]): boolean {
  return authenticators.length > 0 && satisfyingAuthenticators(policy, authenticators).length === 0;
}

/** The data of a person on which the requested factor depends. */
export interface Holder<One extends OfMethod> {
  readonly account: Pick<Account, 'resetByMailAt'>;
  readonly policy: Policy;
  readonly authenticators: readonly One[];
}

/**
 * The authenticators that the person is asked for: those that satisfy the rule or, if none does, all of them. So a change of the
 * policy never makes the password alone enough for an account with an authenticator.
 */
export function askedAuthenticators<One extends OfMethod>(holder: Holder<One>): readonly One[] {
  const { policy, authenticators } = holder;
  const counting = isMailboxSpent(holder) ? authenticators.filter((one) => !isMailed(one)) : authenticators;
  const satisfying = satisfyingAuthenticators(policy, counting);
  return satisfying.length > 0 ? satisfying : counting;
}

/**
 * Whether mailed codes are refused for now: the password was reset by the same mailbox, and the person has another factor that
 * a thief of the mailbox does not have. It ends with the next complete sign-in.
 */
export function isMailboxSpent({ account, authenticators }: Omit<Holder<OfMethod>, 'policy'>): boolean {
  return (
    account.resetByMailAt !== null &&
    authenticators.some(isMailed) &&
    authenticators.some((one) => !isMailed(one))
  );
}

function isMailed({ method }: OfMethod): boolean {
  return MAILED_METHODS.includes(method);
}
