import { hours, type Instant } from '../kernel/time.ts';
import type { ResetRules } from '../settings/settings.ts';

/** Who asked: the person, after the password and before the second factor, or an administrator on their behalf. */
export const REQUEST_KINDS = ['person', 'administrator'] as const;
export type RequestKind = (typeof REQUEST_KINDS)[number];

/** Only an open request can be decided. The other states are final. */
export const REQUEST_STATES = ['open', 'refused', 'cancelled', 'carried-out'] as const;
export type RequestState = (typeof REQUEST_STATES)[number];

/** In characters. */
export const LONGEST_STORY = 1000;
export const LONGEST_CONTACT = 200;
export const LONGEST_NOTE = 500;

/** An administrator's statement that the request comes from the account's owner. */
export interface Approval {
  readonly administratorId: string;
  readonly at: Instant;
  /** How the identity was checked. */
  readonly note: string;
}

export interface GivenApproval extends Approval {
  /** The administrator's email address. */
  readonly by: string;
  /** Whether it counts: the administrator is enabled, still is one, and their approval counted when they gave it. */
  readonly counts: boolean;
}

/** A request to reset the second factor of an account. */
export interface ResetRequest {
  readonly id: string;
  readonly accountId: string;
  /** The account's owner. */
  readonly person: { readonly name: string; readonly email: string };
  readonly kind: RequestKind;
  readonly state: RequestState;
  readonly askedAt: Instant;
  /** Email address of the person or administrator who asked. */
  readonly askedBy: string;
  readonly browser: string;
  readonly address: string;
  /** What happened, in the person's own words; empty if an administrator asked. */
  readonly happened: string;
  /** How to reach the person; empty if an administrator asked. */
  readonly contact: string;
  /** When the reset may be carried out; set by the last approval that is needed. */
  readonly dueAt: Instant | null;
  readonly closedAt: Instant | null;
  readonly closedBy: string | null;
  readonly closingNote: string | null;
  /** Oldest first. */
  readonly approvals: readonly GivenApproval[];
}

export type NewResetRequest = Pick<
  ResetRequest,
  'id' | 'accountId' | 'kind' | 'askedAt' | 'askedBy' | 'browser' | 'address' | 'happened' | 'contact'
>;

export interface RequestsPage {
  readonly requests: readonly ResetRequest[];
  readonly total: number;
}

/**
 * Result of an approval. "already": this administrator has approved before. "not theirs": it is the administrator's own
 * account. "does not count": the administrator's approval does not count now.
 */
export type ApprovalOutcome =
  | 'complete'
  | 'one more'
  | 'already'
  | 'settled'
  | 'closed'
  | 'not theirs'
  | 'does not count';

export interface Closing {
  readonly state: Exclude<RequestState, 'open' | 'carried-out'>;
  readonly by: string;
  readonly note: string | null;
  readonly at: Instant;
}

/** Storage of reset requests. Each method is one transaction, with one conditional statement for each decision. */
export interface ResetRequestStore {
  /** False if the account has an open request. `approval`: that of the administrator who asks, if it counts. */
  open(request: NewResetRequest, approval?: Approval): Promise<boolean>;
  find(id: string): Promise<ResetRequest | undefined>;
  openOf(accountId: string): Promise<ResetRequest | undefined>;
  /** Open requests, oldest first; then closed ones, newest first. The first page is 1. */
  search(query: { readonly page: number; readonly pageSize: number }): Promise<RequestsPage>;
  /** Open requests whose waiting period has ended. */
  due(now: Instant): Promise<readonly ResetRequest[]>;
  /** Adds an approval. With the last of `needed` approvals the reset becomes due at `dueAt`. */
  approve(
    id: string,
    approval: Approval,
    rule: { readonly needed: number; readonly dueAt: Instant },
  ): Promise<ApprovalOutcome>;
  /** False if the request is not open. */
  close(id: string, closing: Closing): Promise<boolean>;
  /**
   * Closes the request and resets the account's second factor, both or neither. Returns the number of removed authenticators;
   * undefined if the request is not open, not due, or has fewer than `needed` approvals that count.
   */
  carryOut(
    id: string,
    by: string,
    rule: { readonly needed: number; readonly at: Instant },
  ): Promise<number | undefined>;
}

/** How many administrators have to approve. */
export function approvalsNeeded({ secondApproval }: ResetRules): number {
  return secondApproval ? 2 : 1;
}

/** In milliseconds. */
export function waitingPeriod({ waitingHours }: ResetRules): number {
  return hours(waitingHours);
}

export const REQUEST_STANDINGS = [
  'undecided',
  'one-more',
  'waiting',
  'due',
  'refused',
  'cancelled',
  'carried-out',
] as const;
/** The state of a request as pages show it; see `requestStanding`. */
export type RequestStanding = (typeof REQUEST_STANDINGS)[number];

export function requestStanding(request: ResetRequest, rules: ResetRules, now: Instant): RequestStanding {
  if (request.state !== 'open') return request.state;
  const counting = request.approvals.filter(({ counts }) => counts).length;
  if (counting === 0) return 'undecided';
  if (request.dueAt === null || counting < approvalsNeeded(rules)) return 'one-more';
  return request.dueAt > now ? 'waiting' : 'due';
}
