import type { z } from 'zod';
import type { Account } from '../accounts/account.ts';
import type { Instant } from '../time.ts';
import type { Authenticator } from './authenticator.ts';
import type { Binding } from './challenges.ts';

/** Every method there is, the strongest first, as they are offered; each has its folder in `methods/`. */
export const METHOD_IDS = ['app', 'email'] as const;
export type MethodId = (typeof METHOD_IDS)[number];

/** What a step of an enrolment asks for. */
export type StepField = 'name' | 'code';

/** An enrolment in progress, as the session keeps it: the method, a literal for the step, and what the step needs. */
export interface EnrolmentState {
  /** Of the authenticator that comes of it: one enrolment creates one, however often its proof is sent. */
  readonly id: string;
  readonly method: MethodId;
  readonly step: string;
}

/** Who enrols, and where. */
export interface EnrolmentContext {
  readonly account: Account;
  readonly existing: readonly Authenticator[];
  readonly siteName: string;
  /** The authenticator whose place the new one takes; undefined when it comes besides the others. */
  readonly replacedId: string | undefined;
  /** The secret of the session that ties mailed codes to the browser that asked. */
  readonly browser: string;
}

/** How a mailed code went out. */
export type SendOutcome =
  | { readonly kind: 'sent'; readonly at: Instant }
  | { readonly kind: 'wait'; readonly until: Instant }
  | { readonly kind: 'refused' }
  /** The mail server has not said whether it takes it: it may come, and counts if it does. */
  | { readonly kind: 'unsure' };

/** One that has a code to wait for. */
export type Sending = Extract<SendOutcome['kind'], 'sent' | 'unsure'>;

/** Why a code did not do. */
export type CodeFault =
  | { readonly kind: 'wrong' }
  | { readonly kind: 'already used' }
  | { readonly kind: 'expired' }
  | { readonly kind: 'used up' }
  | { readonly kind: 'none sent' };

export type StepOutcome<State extends EnrolmentState> =
  /** Go on with this state; shown again it is the same step or the next. */
  | { readonly kind: 'continue'; readonly state: State; readonly sending?: Sending }
  /** The person has proven the factor: it can be created. */
  | { readonly kind: 'proven'; readonly name: string; readonly data: unknown; readonly lastStep: number }
  | { readonly kind: 'code fault'; readonly fault: CodeFault; readonly state: State }
  | { readonly kind: 'not sent'; readonly outcome: Exclude<SendOutcome, { kind: Sending }> };

/** What a method tells its own views. */
export type Facts = Readonly<Record<string, unknown>>;

/** What the page of a step shows; the view is `two-factor/methods/<method>/<step>`. */
export interface StepDescription {
  /** Which step of how many this is. */
  readonly number: number;
  readonly of: number;
  readonly fields: readonly StepField[];
  /** The method's own facts for its view. */
  readonly facts: Facts;
}

export interface StepValues {
  readonly name: string;
  readonly code: string;
}

/** Creating an authenticator, step by step. `State` is a union with one literal per step. */
export interface EnrolmentSteps<State extends EnrolmentState> {
  /** Session contents outlive deployments, so they are parsed. */
  readonly schema: z.ZodType<State>;
  begin(context: EnrolmentContext): State;
  describe(state: State, context: EnrolmentContext): Promise<StepDescription>;
  /** Takes what the person gave; fields that the step does not ask for are empty. */
  submit(state: State, values: StepValues, context: EnrolmentContext): Promise<StepOutcome<State>>;
  /** Sends the step's code again; absent from methods that send none. */
  resend?(state: State, context: EnrolmentContext): Promise<SendOutcome>;
  /** The facts of a further view of the step, `two-factor/methods/<method>/<name>`, by its name in the URL. */
  detail?(name: string, state: State, context: EnrolmentContext): Promise<Facts | undefined>;
}

/** How a person proves that they still have it. */
export interface Proof {
  /** Whether a code has to be sent first. */
  readonly sends: boolean;
  /** Whether the codes depend on the clock of the person's device, which may be wrong. */
  readonly timed: boolean;
  /** Sends a code; methods that send none are never asked. */
  send(authenticator: Authenticator, account: Account, binding: Binding): Promise<SendOutcome>;
  /** When the code that counts was sent; undefined when there is none. */
  lastSent(authenticator: Authenticator, account: Account, binding: Binding): Promise<Instant | undefined>;
  /** Until when the next code has to wait; undefined when it may be sent now. */
  nextSend(account: Account): Promise<Instant | undefined>;
  verify(
    authenticator: Authenticator,
    account: Account,
    binding: Binding,
    code: string,
  ): Promise<'right' | CodeFault>;
}

/** A kind of second factor: set up, describe, challenge, verify. */
export interface Method<State extends EnrolmentState = EnrolmentState> {
  readonly id: MethodId;
  /** Whether one person may have several. */
  readonly several: boolean;
  readonly enrolment: EnrolmentSteps<State>;
  /** What tells this authenticator from another besides its name (a masked address); empty when nothing does. */
  describe(authenticator: Authenticator, account: Account): string;
  readonly proof: Proof;
  /** For methods that keep a secret: the data sealed under the newest key, undefined when it already is. */
  resealed?(authenticator: Authenticator): unknown;
}
