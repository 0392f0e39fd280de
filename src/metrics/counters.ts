import type { AuditEvent, AuditEventName } from '../audit/audit.ts';
import { PARTS } from '../services.ts';
import { METHOD_IDS } from '../two-factor/method.ts';

/**
 * What is counted, by which labels, and every value that they may have: no person, no address and no path is in them, for
 * each value is a series that is kept for ever.
 */
export const COUNTERS = {
  sign_ins: {
    help: 'Passwords that were checked (at step-up, too), and sign-ins that were completed.',
    labels: { outcome: ['password_accepted', 'password_refused', 'throttled', 'completed'] },
  },
  second_steps: {
    help: 'Codes that were checked, at sign-in and at step-up; "blocked" counts authenticators.',
    labels: {
      method: [...METHOD_IDS, 'recovery_code'],
      outcome: ['accepted', 'refused', 'throttled', 'blocked'],
    },
  },
  throttled: {
    help: 'What was refused because it came too often.',
    labels: { what: ['password', 'second_step', 'code_mail', 'link_mail', 'reset_request'] },
  },
  mail_tries: {
    help: 'Letters that were handed to the mail server.',
    labels: { mail: ['code', 'other'], outcome: ['taken', 'refused', 'failed'] },
  },
  hashes_refused: {
    help: 'Passwords and recovery codes that were not looked at because too many waited.',
    labels: {},
  },
  part_failures: {
    help: 'Statements, commands and pings that failed.',
    labels: { part: PARTS },
  },
} as const;

export type CounterName = keyof typeof COUNTERS;

/** One more of something. */
export interface Count {
  readonly counter: CounterName;
  readonly labels: Readonly<Record<string, string>>;
}

/** What an event of the audit log adds to. */
export function countsOf({ event, detail }: AuditEvent): readonly Count[] {
  return COUNTED[event]?.(detail) ?? [];
}

type Counted = (detail: AuditEvent['detail']) => readonly Count[];

const COUNTED: Readonly<Partial<Record<AuditEventName, Counted>>> = {
  'sign-in.password-accepted': () => [signIn('password_accepted')],
  'sign-in.password-refused': () => [signIn('password_refused')],
  'sign-in.throttled': () => [signIn('throttled'), throttled('password')],
  'sign-in.completed': () => [signIn('completed')],
  'second-step.refused': (detail) => secondStep(detail, 'refused'),
  'step-up.refused': stepUp,
  'second-step.throttled': (detail) => [...secondStep(detail, 'throttled'), throttled('second_step')],
  'second-step.blocked': (detail) => secondStep(detail, 'blocked'),
  'second-step.code-not-sent': ({ outcome }) => (outcome === 'wait' ? [throttled('code_mail')] : []),
  'recovery-code.used': () => [recovery('accepted')],
  'recovery-code.refused': () => [recovery('refused')],
  'links.throttled': () => [throttled('link_mail')],
  'reset-request.throttled': () => [throttled('reset_request')],
};

function signIn(outcome: string): Count {
  return { counter: 'sign_ins', labels: { outcome } };
}

function throttled(what: string): Count {
  return { counter: 'throttled', labels: { what } };
}

/** Whoever guesses at the password there guesses at the one of the sign-in; codes alone are refused for a fault. */
function stepUp(detail: AuditEvent['detail']): readonly Count[] {
  return detail['fault'] === undefined ? [signIn('password_refused')] : secondStep(detail, 'refused');
}

/** Codes that set something up are no second step. */
function secondStep({ method, purpose }: AuditEvent['detail'], outcome: string): readonly Count[] {
  if (purpose === 'recovery code') return [recovery(outcome)];
  const isProof = METHOD_IDS.some((id) => id === method) && purpose !== 'enrolment';
  return isProof ? [{ counter: 'second_steps', labels: { method: method ?? '', outcome } }] : [];
}

function recovery(outcome: string): Count {
  return { counter: 'second_steps', labels: { method: 'recovery_code', outcome } };
}
