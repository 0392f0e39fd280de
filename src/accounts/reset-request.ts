import type { ResetRules } from '../settings/settings.ts';
import { hours, type Instant } from '../time.ts';

/** Who asked: the person, half way in with the password only, or an administrator on their behalf. */
export const REQUEST_KINDS = ['person', 'administrator'] as const;
export type RequestKind = (typeof REQUEST_KINDS)[number];

/** Only an open one can be decided; the others are its ends. */
export const REQUEST_STATES = ['open', 'refused', 'cancelled', 'carried-out'] as const;
export type RequestState = (typeof REQUEST_STATES)[number];

/** In characters. */
export const LONGEST_STORY = 1000;
export const LONGEST_CONTACT = 200;
export const LONGEST_NOTE = 500;

/** An administrator's word that the request comes from the account's owner. */
export interface Approval {
  readonly administratorId: string;
  readonly at: Instant;
  /** How the identity was checked. */
  readonly note: string;
}

export interface GivenApproval extends Approval {
  /** The administrator's e-mail address. */
  readonly by: string;
  /** Whether the administrator still is one: the word of somebody who was shut out does not count. */
  readonly counts: boolean;
}

/** Somebody asks that an account's second factor be reset. */
export interface ResetRequest {
  readonly id: string;
  readonly accountId: string;
  /** Whose account it is. */
  readonly person: { readonly name: string; readonly email: string };
  readonly kind: RequestKind;
  readonly state: RequestState;
  readonly askedAt: Instant;
  /** E-mail address of who asked. */
  readonly askedBy: string;
  readonly browser: string;
  readonly address: string;
  /** In the person's own words; empty where an administrator asked. */
  readonly happened: string;
  /** How the person can be reached; empty where an administrator asked. */
  readonly contact: string;
  /** When the reset may be carried out: set by the last approval that was needed. */
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

/** What an approval came to. "already": this administrator has approved before. "not theirs": it is their own account. */
export type ApprovalOutcome = 'complete' | 'one more' | 'already' | 'settled' | 'closed' | 'not theirs';

export interface Closing {
  readonly state: Exclude<RequestState, 'open' | 'carried-out'>;
  readonly by: string;
  readonly note: string | null;
  readonly at: Instant;
}

/** Where reset requests are kept. Each method is one transaction, and each decision one conditional statement in it. */
export interface ResetRequestStore {
  /** False when the account has an open one. Where an administrator asks, their own approval comes along. */
  open(request: NewResetRequest, approval?: Approval): Promise<boolean>;
  find(id: string): Promise<ResetRequest | undefined>;
  openOf(accountId: string): Promise<ResetRequest | undefined>;
  /** Open ones first, those oldest first; then the closed ones, newest first. The first page is 1. */
  search(query: { readonly page: number; readonly pageSize: number }): Promise<RequestsPage>;
  /** Open ones whose waiting period is over. */
  due(now: Instant): Promise<readonly ResetRequest[]>;
  /** Approves; with the last of `needed` approvals the reset is due at `dueAt`. */
  approve(
    id: string,
    approval: Approval,
    rule: { readonly needed: number; readonly dueAt: Instant },
  ): Promise<ApprovalOutcome>;
  /** False when it is not open (any more). */
  close(id: string, closing: Closing): Promise<boolean>;
  /**
   * Closes the request and resets the account's second factor, both or neither. Returns how many authenticators went;
   * undefined when it is not open, not due, or has too few approvals that count.
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
/** Where a request stands, as people see it. */
export type RequestStanding = (typeof REQUEST_STANDINGS)[number];

export function requestStanding(request: ResetRequest, rules: ResetRules, now: Instant): RequestStanding {
  if (request.state !== 'open') return request.state;
  const counting = request.approvals.filter(({ counts }) => counts).length;
  if (counting === 0) return 'undecided';
  if (request.dueAt === null || counting < approvalsNeeded(rules)) return 'one-more';
  return request.dueAt > now ? 'waiting' : 'due';
}
