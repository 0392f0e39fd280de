import { z } from 'zod';
import { days, type Instant } from '../kernel/time.ts';

/** How long people may put off 2FA once it has become mandatory for them. */
export type Grace =
  | { readonly kind: 'none' }
  /** Until this moment. */
  | { readonly kind: 'until'; readonly at: Instant }
  /** This many days from the first sign-in after it has become mandatory. */
  | { readonly kind: 'days'; readonly days: number };

export const NO_GRACE: Grace = { kind: 'none' };
export const LONGEST_GRACE_DAYS = 365;

/** One that cannot be read is an error: "none" would shut people out, and any other would let them wait. */
export const storedGrace: z.ZodType<Grace> = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('none') }),
  z.object({ kind: z.literal('until'), at: z.number().int() }),
  z.object({ kind: z.literal('days'), days: z.number().int().min(0) }),
]);

/** Until when a person may put it off. */
export type Deadline =
  /** Not at all (any more). */
  | { readonly kind: 'over' }
  | { readonly kind: 'at'; readonly at: Instant }
  /** It begins with the next sign-in. */
  | { readonly kind: 'not begun'; readonly days: number };

/** In the audit log: "none", "2030-03-01T00:00:00.000Z", "14 days". */
export function graceFact(grace: Grace): string {
  switch (grace.kind) {
    case 'none':
      return 'none';
    case 'until':
      return new Date(grace.at).toISOString();
    case 'days':
      return `${grace.days} days`;
  }
}

export interface GraceFacts {
  readonly grace: Grace;
  /** Since when it has been mandatory for the person. */
  readonly since: Instant;
  /** The first sign-in under a mandatory rule. One before `since` belongs to an earlier period. */
  readonly graceStartedAt: Instant | null;
  /** When the person's latest authenticator was removed. */
  readonly factorRemovedAt: Instant | null;
}

interface GraceCheck {
  readonly name: string;
  /** The deadline; undefined if the next check decides. */
  readonly decide: (facts: GraceFacts, now: Instant) => Deadline | undefined;
}

const OVER: Deadline = { kind: 'over' };

/** In order; the first check that decides counts. */
const GRACE_CHECKS: readonly GraceCheck[] = [
  {
    name: 'it is mandatory at once',
    decide: ({ grace }) => (grace.kind === 'none' ? OVER : undefined),
  },
  {
    // Otherwise a thief who removes the factor would for a while need the password alone.
    name: 'an authenticator went while it was mandatory',
    decide: ({ since, factorRemovedAt }) =>
      factorRemovedAt !== null && factorRemovedAt >= since ? OVER : undefined,
  },
  {
    name: 'until a date',
    decide: ({ grace }, now) => (grace.kind === 'until' ? atOrOver(grace.at, now) : undefined),
  },
  {
    name: 'for days that have begun',
    decide: ({ grace, since, graceStartedAt }, now) =>
      grace.kind === 'days' && graceStartedAt !== null && graceStartedAt >= since
        ? atOrOver(graceStartedAt + days(grace.days), now)
        : undefined,
  },
  {
    name: 'for days that have not begun',
    decide: ({ grace }) =>
      grace.kind === 'days' && grace.days > 0 ? { kind: 'not begun', days: grace.days } : undefined,
  },
];

/** Only the beginning of a grace is stored: a change of its length counts at once. */
export function deadlineOf(facts: GraceFacts, now: Instant): Deadline {
  for (const { decide } of GRACE_CHECKS) {
    const deadline = decide(facts, now);
    if (deadline) return deadline;
  }
  return OVER;
}

function atOrOver(at: Instant, now: Instant): Deadline {
  return at > now ? { kind: 'at', at } : OVER;
}

/** The earliest of several; one that has not begun counts as if it began now. */
export function earliestDeadline(deadlines: readonly Deadline[], now: Instant): Deadline {
  const [earliest = OVER] = deadlines.toSorted((one, other) => momentOf(one, now) - momentOf(other, now));
  return earliest;
}

/** Whether one ends before the other; one that has not begun counts as if it began now. */
export function isEarlier(one: Deadline, other: Deadline, now: Instant): boolean {
  return momentOf(one, now) < momentOf(other, now);
}

function momentOf(deadline: Deadline, now: Instant): Instant {
  switch (deadline.kind) {
    case 'over':
      return Number.NEGATIVE_INFINITY;
    case 'at':
      return deadline.at;
    case 'not begun':
      return now + days(deadline.days);
  }
}
