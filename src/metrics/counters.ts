import { CHECK_OUTCOMES } from '../apps/app-sign-ins.ts';
import { HAND_OVER_OUTCOMES } from '../apps/hand-overs.ts';
import { LOGOUT_OUTCOMES } from '../apps/logouts.ts';
import { AUTHORIZATION_OUTCOMES, TOKEN_OUTCOMES } from '../apps/oidc-outcomes.ts';
import { SIGNED_OUTCOMES } from '../apps/signed-hand-overs.ts';
import type { AuditEvent } from '../audit/event.ts';
import { meaningOf, SECOND_STEP_OUTCOMES, SIGN_IN_OUTCOMES, THROTTLED } from '../audit/vocabulary.ts';
import { DEPENDENCIES } from '../kernel/dependencies.ts';
import { METHOD_IDS } from '../settings/method-ids.ts';

/**
 * The counters with their labels and every value of a label. No person, address or path is among the values: each value
 * is a series that is kept for good.
 */
export const COUNTERS = {
  sign_ins: {
    help: 'Passwords that were checked (at step-up, too), and sign-ins that were completed.',
    labels: { outcome: SIGN_IN_OUTCOMES },
  },
  second_steps: {
    help: 'Codes that were checked, at sign-in and at step-up; "blocked" counts authenticators.',
    labels: {
      method: [...METHOD_IDS, 'recovery_code'],
      outcome: SECOND_STEP_OUTCOMES,
    },
  },
  throttled: {
    help: 'What was refused because it came too often.',
    labels: { what: THROTTLED },
  },
  mail_tries: {
    help: 'Letters that were handed to the mail server.',
    labels: { mail: ['code', 'other'], outcome: ['taken', 'refused', 'failed'] },
  },
  hashes_refused: {
    help: 'Passwords and recovery codes that were not looked at because too many waited.',
    labels: {},
  },
  app_checks: {
    help: 'Requests to apps that were checked; "failed" are those that got no answer.',
    labels: { outcome: CHECK_OUTCOMES.map(inLabel) },
  },
  hand_overs: {
    help: 'Codes that take a sign-in to an app: those that were issued, and what came of those that were brought back.',
    labels: { outcome: HAND_OVER_OUTCOMES.map(inLabel) },
  },
  signed_hand_overs: {
    help: 'Signed hand-overs to apps, and why others were not signed.',
    labels: { outcome: SIGNED_OUTCOMES.map(inLabel) },
  },
  authorizations: {
    help: 'Requests of OpenID Connect apps to sign somebody in; "asked": a page came first, and the request counts again.',
    labels: { outcome: AUTHORIZATION_OUTCOMES.map(inLabel) },
  },
  token_requests: {
    help: 'Requests of OpenID Connect apps for tokens; "renewed": by a refresh token.',
    labels: { outcome: TOKEN_OUTCOMES.map(inLabel) },
  },
  logouts: {
    help: 'Apps that were told of the end of a sign-in; "failed" are tries that are repeated.',
    labels: { outcome: LOGOUT_OUTCOMES.map(inLabel) },
  },
  part_failures: {
    help: 'Statements, commands and pings that failed.',
    labels: { part: DEPENDENCIES },
  },
} as const;

/** An outcome as the value of a label: "signed_out". */
export function inLabel(outcome: string): string {
  return outcome.replaceAll(' ', '_');
}

export type CounterName = keyof typeof COUNTERS;

/** An increment of a counter. */
export interface Count {
  readonly counter: CounterName;
  readonly labels: Readonly<Record<string, string>>;
}

/** What an event of the audit log adds to the counters. */
export function countsOf({ event, detail }: Pick<AuditEvent, 'event' | 'detail'>): readonly Count[] {
  const { signIn, secondStep, recoveryCode, throttled } = meaningOf({ event, detail }).counts ?? {};
  const method = recoveryCode ? RECOVERY_CODE : methodIn(detail);
  const outcome = recoveryCode ?? secondStep;
  const counts: Count[] = [];
  if (signIn) counts.push({ counter: 'sign_ins', labels: { outcome: signIn } });
  if (outcome && method) counts.push({ counter: 'second_steps', labels: { method, outcome } });
  if (throttled) counts.push({ counter: 'throttled', labels: { what: throttled } });
  return counts;
}

const RECOVERY_CODE = 'recovery_code';

/** The method of a second step; undefined for a code that sets something up, and for a method that has no series. */
function methodIn({ method, purpose }: AuditEvent['detail']): string | undefined {
  if (purpose === 'recovery code') return RECOVERY_CODE;
  return purpose === 'enrolment' ? undefined : METHOD_IDS.find((id) => id === method);
}
