import { days, type Instant } from '../time.ts';

/** For how long people may put it off once 2FA has become mandatory for them. */
export type Grace =
  | { readonly kind: 'none' }
  /** Until this moment. */
  | { readonly kind: 'until'; readonly at: Instant }
  /** So many days, from the first sign-in after it has become mandatory. */
  | { readonly kind: 'days'; readonly days: number };

export const NO_GRACE: Grace = { kind: 'none' };
export const LONGEST_GRACE_DAYS = 365;

/** Up to when somebody may put it off. */
export type Deadline =
  /** Not at all (any more). */
  | { readonly kind: 'over' }
  | { readonly kind: 'at'; readonly at: Instant }
  /** It begins with the next sign-in. */
  | { readonly kind: 'not begun'; readonly days: number };

/** As the audit log has it: "none", "2030-03-01T00:00:00.000Z", "14 days". */
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
  /** The first sign-in that was noted; one before `since` belongs to an earlier time that it was mandatory. */
  readonly begun: Instant | null;
  /** When an authenticator of theirs last went. */
  readonly factorRemovedAt: Instant | null;
}

interface GraceCheck {
  readonly name: string;
  /** The deadline where this check decides; undefined where it leaves the matter to the next. */
  readonly decide: (facts: GraceFacts, now: Instant) => Deadline | undefined;
}

const OVER: Deadline = { kind: 'over' };

/** In this order; the first that decides holds. */
const GRACE_CHECKS: readonly GraceCheck[] = [
  {
    name: 'it is mandatory at once',
    decide: ({ grace }) => (grace.kind === 'none' ? OVER : undefined),
  },
  {
    // Or whoever got rid of the factor, by whatever means, would have the account open to the password for a while.
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
    decide: ({ grace, since, begun }, now) =>
      grace.kind === 'days' && begun !== null && begun >= since
        ? atOrOver(begun + days(grace.days), now)
        : undefined,
  },
  {
    name: 'for days that have not begun',
    decide: ({ grace }) =>
      grace.kind === 'days' && grace.days > 0 ? { kind: 'not begun', days: grace.days } : undefined,
  },
];

/** Nothing of it is kept but when it began: a grace that is made shorter, or longer, is so at once. */
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

/** The earliest of several; one that has not begun is taken as if it began now. */
export function earliestDeadline(deadlines: readonly Deadline[], now: Instant): Deadline {
  const [earliest = OVER] = deadlines.toSorted((one, other) => momentOf(one, now) - momentOf(other, now));
  return earliest;
}

/** Whether one ends before the other; one that has not begun is taken as if it began now. */
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
