import type { Account } from '../accounts/account.ts';
import { type Instant, minutes } from '../kernel/time.ts';
import type { EffectivePolicy } from '../policy/effective-policy.ts';
import type { Group, Membership } from '../policy/group.ts';
import { askedAuthenticators } from '../policy/policy.ts';
import { type MethodId, STRONG_METHODS } from '../settings/method-ids.ts';
import { type Assurance, assuranceSchema, type Factor } from '../sign-in/assurance.ts';
import { type SignedIn, STEP_UP_LIFETIME } from '../sign-in/auth-state.ts';
import { nextStep } from '../sign-in/stages.ts';
import type { Authenticator } from '../two-factor/authenticator.ts';
import type { AppDemand, ProofDemand } from './app.ts';

/** The data of a signed-in person on which the access to an app depends. */
export interface Visitor {
  readonly account: Account;
  readonly groups: readonly Pick<Group, 'id' | 'name'>[];
  /** All of the person's. */
  readonly authenticators: readonly Authenticator[];
  readonly policy: EffectivePolicy;
  /** What this sign-in has proven, as stored with it. */
  readonly assurance: Assurance;
  readonly now: Instant;
}

/** Why an app does not let a person in, and what would help. */
export type Refusal =
  /** The person is in none of the app's groups. Nothing that the person does helps. */
  | { readonly kind: 'not a member' }
  /** The policy allows no method that the app accepts. Nothing that the person does helps. */
  | { readonly kind: 'impossible'; readonly proof: ProofDemand }
  /** What was proven is unknown (a sign-in of an earlier version): the person has to sign in again. */
  | { readonly kind: 'sign in' }
  | { readonly kind: 'email unconfirmed' }
  /** A second factor is missing. `authenticators`: those of the person's that would do. */
  | { readonly kind: 'second step'; readonly authenticators: readonly Authenticator[] }
  /** The person has no authenticator that would do. `methods`: the allowed methods that would. */
  | { readonly kind: 'enrol'; readonly methods: readonly MethodId[] }
  /** A step-up is due. `authenticators`: those that would do; empty if the password is enough. */
  | { readonly kind: 'stale'; readonly authenticators: readonly Authenticator[] };

export type Access = { readonly kind: 'allowed' } | Refusal;

/**
 * Whether a signed-in person may use the app now. The strictest of the person's own rule and the app's demand holds: nothing of
 * the sign-in may be due (an enrolment that can be put off may wait), and the app's demand is met.
 */
export function accessTo(app: AppDemand, visitor: Visitor): Access {
  if (!isInAudience(app, visitor)) return { kind: 'not a member' };
  return (
    missingByRule(app, visitor) ??
    unconfirmedEmail(app, visitor) ??
    missingProof(app, visitor) ??
    staleProof(app, visitor) ?? { kind: 'allowed' }
  );
}

/** Whether the person can do something about it: then they are led there on the way to the app. */
export function canBeMet({ kind }: Refusal): boolean {
  return kind !== 'not a member' && kind !== 'impossible';
}

/**
 * A signed-in person as `accessTo` sees them. It reads what was proven from the sign-in and not from the session, as each check
 * of the app does: otherwise a page could let a person in whom the check then refuses, in an endless loop.
 */
export function visitorOf(
  {
    account,
    authenticators,
    policy,
    signIn,
  }: Pick<SignedIn, 'account' | 'authenticators' | 'policy' | 'signIn'>,
  memberships: readonly Membership[],
  now: Instant,
): Visitor {
  const groups = memberships.map(({ group }) => group);
  return { account, authenticators, policy, groups, assurance: assuranceSchema.parse(signIn.assurance), now };
}

/** Whether a person is among those who may use the app, whatever else it asks for. */
function isInAudience({ audience }: AppDemand, { groups }: Visitor): boolean {
  return audience === 'everybody' || groups.some(({ id }) => audience.includes(id));
}

/** What the person's own rule asks for, whatever the app does. */
function missingByRule(app: AppDemand, visitor: Visitor): Refusal | undefined {
  const due = nextStep(visitor);
  if (!due || due.deferrable) return undefined;
  if (due.name === 'password') return { kind: 'sign in' };
  return due.name === 'enrolment' ? toEnrol(app, visitor) : toProve(app, visitor);
}

function unconfirmedEmail({ confirmsEmail }: AppDemand, { account }: Visitor): Refusal | undefined {
  return confirmsEmail && account.emailConfirmedAt === null ? { kind: 'email unconfirmed' } : undefined;
}

function missingProof(app: AppDemand, visitor: Visitor): Refusal | undefined {
  if (app.proof === 'none' || visitor.assurance.some(({ factor }) => meets(app.proof, factor)))
    return undefined;
  return toProve(app, visitor);
}

/**
 * Freshness counts from the second factor, where there is one: a trusted browser proves nothing, so it is never fresh. The
 * password before it may be older by the time that a step-up may take.
 */
function staleProof(app: AppDemand, visitor: Visitor): Refusal | undefined {
  if (app.freshMinutes === null) return undefined;
  const { assurance, authenticators, now } = visitor;
  const limit = minutes(app.freshMinutes);
  const isWithin = (time: number, counts: (factor: Factor) => boolean) =>
    assurance.some(({ factor, at }) => counts(factor) && now - at < time);
  const isPassword = (factor: Factor) => factor === 'password';
  if (app.proof === 'none' && authenticators.length === 0) {
    return isWithin(limit, isPassword) ? undefined : { kind: 'stale', authenticators: [] };
  }
  const isFresh =
    isWithin(limit, (factor) => factor !== 'trusted browser' && meets(app.proof, factor)) &&
    isWithin(limit + STEP_UP_LIFETIME, isPassword);
  if (isFresh) return undefined;
  const usable = usableFor(app, visitor);
  return usable.length > 0 ? { kind: 'stale', authenticators: usable } : toEnrol(app, visitor);
}

/** Whether a factor is what the app asks for; an app that asks for nothing takes any second factor. */
function meets(proof: ProofDemand, factor: Factor): boolean {
  return proof === 'strong' ? STRONG_FACTORS.includes(factor) : factor !== 'password';
}

const STRONG_FACTORS: readonly Factor[] = STRONG_METHODS;

function toProve(app: AppDemand, visitor: Visitor): Refusal {
  const authenticators = usableFor(app, visitor);
  return authenticators.length > 0 ? { kind: 'second step', authenticators } : toEnrol(app, visitor);
}

function toEnrol({ proof }: AppDemand, { policy }: Visitor): Refusal {
  const methods = policy.methods.filter((method) => meets(proof, method));
  return methods.length > 0 ? { kind: 'enrol', methods } : { kind: 'impossible', proof };
}

/** The authenticators that the person can be asked for and that the app accepts. A blocked one is among them: its page says so. */
function usableFor({ proof }: AppDemand, visitor: Visitor): readonly Authenticator[] {
  return askedAuthenticators(visitor).filter(({ method }) => meets(proof, method));
}
