import { type Access, canBeMet, visitorOf } from '../apps/access.ts';
import type { AppDemand, OidcApp } from '../apps/app.ts';
import {
  ACR_LEVELS,
  type AcrLevel,
  type AssuranceClaims,
  acrOf,
  assuranceClaims,
  levelOf,
} from '../apps/assurance-claims.ts';
import { type AskedProof, raisedFor, raisedForAnybody } from '../apps/raised-demand.ts';
import type { Clock } from '../kernel/time.ts';
import type { SignedIn } from '../web/auth-state.ts';
import { type AskedAuthorization, scopesToConsent } from './asked.ts';

/** What is to be done about an authorization request now. */
export type Judgement =
  /** Nobody is signed in. */
  | { readonly kind: 'signed out' }
  /** The request is about another person than the one who is signed in. */
  | { readonly kind: 'another person' }
  /** An essential `acr` is out of the person's reach. */
  | { readonly kind: 'unmet' }
  /** The person may not use the app, whatever they do. */
  | { readonly kind: 'denied' }
  /** More proof is due. */
  | { readonly kind: 'proof missing' }
  /** The person has not agreed to what the app would learn. */
  | { readonly kind: 'consent missing' }
  | { readonly kind: 'admitted'; readonly proven: AssuranceClaims };

interface JudgementServices {
  readonly consents: { given(accountId: string, appId: string): Promise<readonly string[]> };
  readonly clock: Clock;
}

/** What the request is about. */
interface Subject {
  readonly app: OidcApp;
  readonly asked: AskedAuthorization;
  /** Undefined: nobody is signed in. */
  readonly person: SignedIn | undefined;
  /** The subject of `id_token_hint`, if there was one. */
  readonly hintedSub?: string | undefined;
  /** Whether the person was asked for the consent in this very request. */
  readonly isConsentAnswered: boolean;
}

/**
 * Judges an authorization request: by who is signed in to Postern now, what they have proven, the app's demand, and what the client
 * asks for beyond it. Judged in the same way when the request comes and each time that the person comes back, so no page on the way
 * decides anything, and what has changed meanwhile counts.
 */
export async function judge(
  services: JudgementServices,
  { app, asked, person, hintedSub, isConsentAnswered }: Subject,
): Promise<Judgement> {
  if (!person || person.codesUnseen) return { kind: 'signed out' };
  const subs = [hintedSub, asked.sub].filter((sub) => sub !== undefined);
  if (subs.some((sub) => sub !== person.account.id)) return { kind: 'another person' };
  const visitor = visitorOf(person, person.context.person?.memberships ?? [], services.clock());
  const raised = raisedFor(app, asked.proof, visitor);
  if (raised.kind === 'unmet') return raised;
  const { access } = raised;
  if (access.kind !== 'allowed') return { kind: canBeMet(access) ? 'proof missing' : 'denied' };
  const proven = assuranceClaims(visitor.assurance);
  if (!proven) return { kind: 'proof missing' };
  if (await isConsentDue(services, { app, asked, person, isConsentAnswered }))
    return { kind: 'consent missing' };
  return { kind: 'admitted', proven: matching(proven, asked.proof) };
}

/** Whether the person has to be asked, before they go on, what the app may learn. */
export async function isConsentDue(
  { consents }: Pick<JudgementServices, 'consents'>,
  {
    app,
    asked,
    person,
    isConsentAnswered,
  }: Omit<Subject, 'person' | 'hintedSub'> & { readonly person: SignedIn },
): Promise<boolean> {
  const scopes = scopesToConsent(app, asked);
  if (scopes.length === 0) return false;
  if (asked.asksConsent && !isConsentAnswered) return true;
  const given = await consents.given(person.account.id, app.id);
  return scopes.some((scope) => !given.includes(scope));
}

/** The demand on the way to the app, and what the person lacks; `access` is undefined while nobody is signed in. */
export function demandOf(
  { app, asked, person }: Pick<Subject, 'app' | 'asked' | 'person'>,
  clock: Clock,
): { readonly demand: AppDemand; readonly access: Access | undefined } | 'unmet' {
  const now = clock();
  if (!person) return { demand: raisedForAnybody(app, asked.proof, now), access: undefined };
  const visitor = visitorOf(person, person.context.person?.memberships ?? [], now);
  const raised = raisedFor(app, asked.proof, visitor);
  return raised.kind === 'unmet' ? 'unmet' : raised;
}

/**
 * An essential `acr` has to be answered by one of the values that were asked for (OpenID Connect Core 1.0 §5.5.1.1): by the
 * strongest of them that was proven. A strong sign-in is a second step, too.
 */
function matching(proven: AssuranceClaims, { acr, isEssential }: AskedProof): AssuranceClaims {
  if (!isEssential || acr.includes(proven.acr)) return proven;
  const reached = ACR_LEVELS.slice(0, ACR_LEVELS.indexOf(proven.level) + 1);
  const asked = acr.map(levelOf).filter((level): level is AcrLevel => level !== undefined);
  const level = reached.findLast((one) => asked.includes(one));
  return level === undefined ? proven : { ...proven, level, acr: acrOf(level) };
}
