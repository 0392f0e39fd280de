import { ABSOLUTE_LIMIT } from '../accounts/sign-ins.ts';
import { type Instant, minutes } from '../kernel/time.ts';
import { type Access, accessTo, canBeMet, type Visitor } from './access.ts';
import { type AppDemand, PROOFS, type ProofDemand } from './app.ts';
import { type AcrLevel, levelOf } from './assurance-claims.ts';

/** What a client asks for beyond its app's settings (OpenID Connect Core 1.0 §3.1.2.1, §5.5.1.1). */
export interface AskedProof {
  /** Values of `acr`, the preferred first. */
  readonly acr: readonly string[];
  /** Whether one of them has to be met. */
  readonly isEssential: boolean;
  /** Milliseconds since the proof, at most; undefined: any. */
  readonly maxAge: number | undefined;
  /** `prompt=login`: proven since the request. */
  readonly isAnew: boolean;
  /** When the request came. */
  readonly began: Instant;
}

/** "unmet": the person cannot meet what is essential, whatever they do. */
export type Raised =
  | { readonly kind: 'raised'; readonly demand: AppDemand; readonly access: Access }
  | { readonly kind: 'unmet' };

/**
 * The demand of the app's settings, raised by what the client asks for, and whether the person meets it. It is never lowered. Of
 * several values of `acr`, the first counts that is met already, else the first that can be met; if none can, and they are only
 * preferred, they count for nothing.
 */
export function raisedFor(app: AppDemand, asked: AskedProof, visitor: Visitor): Raised {
  const base = raisedByTime(app, asked, visitor.now);
  const levels = asked.acr.map(levelOf).filter((level) => level !== undefined);
  const options = levels.map((level) => {
    const demand = raisedTo(base, level);
    return { kind: 'raised', demand, access: accessTo(demand, visitor) } as const;
  });
  const chosen =
    options.find(({ access }) => access.kind === 'allowed') ??
    options.find(({ access }) => access.kind !== 'allowed' && canBeMet(access));
  if (chosen) return chosen;
  const access = accessTo(base, visitor);
  // Who may not use the app at all is told so, whatever the client prefers.
  const isRefused = access.kind !== 'allowed' && !canBeMet(access);
  return asked.isEssential && !isRefused ? { kind: 'unmet' } : { kind: 'raised', demand: base, access };
}

/** The same before it is known who the person is: by the preferred value. */
export function raisedForAnybody(app: AppDemand, asked: AskedProof, now: Instant): AppDemand {
  const base = raisedByTime(app, asked, now);
  const level = asked.acr.map(levelOf).find((one) => one !== undefined);
  return level === undefined ? base : raisedTo(base, level);
}

/**
 * What was proven since the request began is fresh, however short the time that the client allows: otherwise who takes longer than
 * that to come back would be asked again, for ever.
 */
function raisedByTime(app: AppDemand, { maxAge, isAnew, began }: AskedProof, now: Instant): AppDemand {
  const sinceRequest = now - began;
  const allowed = isAnew ? sinceRequest : maxAge === undefined ? undefined : Math.max(maxAge, sinceRequest);
  return allowed === undefined ? app : fresher(app, allowed);
}

const PROOF_OF: Readonly<Record<AcrLevel, ProofDemand>> = {
  password: 'none',
  'second step': 'second step',
  strong: 'strong',
};

function raisedTo(app: AppDemand, level: AcrLevel): AppDemand {
  const proof = PROOFS.find((one) => one === PROOF_OF[level]) ?? app.proof;
  const raised = PROOFS.indexOf(proof) > PROOFS.indexOf(app.proof) ? { ...app, proof } : app;
  // A trusted browser meets the demand for a second step and proves none. It is never fresh: so the step is asked for.
  return level === 'second step' ? fresher(raised, ABSOLUTE_LIMIT) : raised;
}

function fresher(app: AppDemand, time: number): AppDemand {
  const freshMinutes = time / minutes(1);
  return { ...app, freshMinutes: Math.min(app.freshMinutes ?? Number.POSITIVE_INFINITY, freshMinutes) };
}
