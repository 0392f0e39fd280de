import type { z } from 'zod';
import type { Account } from '../accounts/account.ts';
import type { Actor } from '../audit/audit.ts';
import type { CodeCheck, CodeFault } from '../codes/challenges.ts';
import type { NotSent, Sending, SendOutcome } from '../codes/mailed-codes.ts';
import type { MessageKey } from '../kernel/i18n.ts';
import type { Instant } from '../kernel/time.ts';
import type { Transaction } from '../kernel/transaction.ts';
import type { Purpose } from '../mail/message.ts';
import type { MethodId } from '../settings/method-ids.ts';
import type { Authenticator } from './authenticator.ts';

/**
 * A kind of second factor: how an authenticator is created, described and proven. Its views are in its folder, its texts in
 * `locales` under `method.<id>.`.
 */
export interface Method<State extends EnrolmentState = EnrolmentState> {
  readonly id: MethodId;
  /** The method within a transaction. */
  in(tx: Transaction): Method<State>;
  /** Whether one person may have several. */
  readonly allowsMultiple: boolean;
  readonly enrolment: Enrolment<State>;
  readonly verifier: Verifier;
  /** What identifies this authenticator besides its name (a masked address); "" if there is nothing. */
  describe(authenticator: Authenticator, account: Account): string;
  /** For methods with a secret: the data encrypted under the newest key, undefined if it already is. */
  reencrypted?(authenticator: Authenticator): unknown;
}

/** An enrolment in progress, as kept in the session: the method, a literal for the step, and the data of the step. */
export interface EnrolmentState {
  /** Id of the authenticator to create: an enrolment creates only one, even if its form is sent repeatedly. */
  readonly id: string;
  readonly method: MethodId;
  readonly step: string;
}

/** The person who enrols, and the browser. */
export interface EnrolmentContext {
  readonly account: Account;
  readonly existing: readonly Authenticator[];
  /** Whether this session has proven a second factor. Otherwise it can only create the person's first. */
  readonly proven: boolean;
  readonly siteName: string;
  /** The authenticator that the new one replaces; undefined if it is added. */
  readonly replacedId: string | undefined;
  /** The secret of the session that binds mailed codes to the browser that asked. */
  readonly browser: string;
  readonly actor: Actor;
}

/** The model of a method's view. */
export type ViewModel = Readonly<Record<string, unknown>>;

/** The values of a form that was parsed by the `fields` of its step. */
export type FieldValues = Readonly<Record<string, unknown>>;

/** Creating an authenticator, step by step. `State` is a union with one literal per step. */
export interface Enrolment<State extends EnrolmentState> {
  /** Session contents outlive deployments, so they are parsed. */
  readonly schema: z.ZodType<State>;
  /** The steps in order, by the literal of their state. The view is `<step>.ejs` in the method's folder. */
  readonly steps: Readonly<Record<State['step'], EnrolmentStep>>;
  /** Other views of a step, by their name in the URL, which is also the view's name. */
  readonly parts?: Readonly<Record<string, StepPart<State>>>;
  begin(context: EnrolmentContext): State;
}

/** One step: a page with a form. Only the method knows the types of its state and values; the wizard does not. */
export interface EnrolmentStep<
  State extends EnrolmentState = EnrolmentState,
  Shape extends z.ZodRawShape = z.ZodRawShape,
> {
  /**
   * The form's fields in the order of the page; messages are keys of the catalogue. `name` is the Authenticator Name.
   * Only `name` is ever shown again. An error of the response is shown at the last field.
   */
  readonly fields: z.ZodObject<Shape>;
  /** Whether the form counts as an attempt on the second factor: if guesses could succeed. */
  readonly isAttempt: boolean;
  describe(state: State, context: EnrolmentContext): Promise<ViewModel>;
  submit(
    state: State,
    values: z.infer<z.ZodObject<Shape>>,
    context: EnrolmentContext,
  ): Promise<StepOutcome<EnrolmentState>>;
  /** Sends the step's code again; absent if the step sends none. */
  resend?(state: State, context: EnrolmentContext): Promise<SendOutcome>;
}

export interface StepPart<State extends EnrolmentState> {
  readonly title: MessageKey;
  describe(state: State, context: EnrolmentContext): Promise<ViewModel>;
}

export type StepOutcome<State extends EnrolmentState> =
  /** Continue with this state, at the same step or the next. */
  | { readonly kind: 'continue'; readonly state: State; readonly sending?: Sending }
  | Proven
  | { readonly kind: 'fault'; readonly fault: CodeFault; readonly state: State }
  | { readonly kind: 'not sent'; readonly outcome: NotSent };

/** The person has proven the factor: its authenticator can be created. */
export interface Proven {
  readonly kind: 'proven';
  readonly name: string;
  /** Stored with the authenticator; read by its method only. */
  readonly data: unknown;
  /** Consumes a response that could be used again, in the transaction that creates the authenticator. */
  consume?(tx: Transaction): Promise<boolean>;
}

/** The account, purpose, browser and actor of a proof. */
export interface ProofContext {
  readonly account: Account;
  readonly purpose: Purpose;
  /** The secret of the session that binds a response to the browser that was asked. */
  readonly browser: string;
  readonly actor: Actor;
}

/** How a person proves that they still have the authenticator. The form's view is `response.ejs` beside the method. */
export interface Verifier<Shape extends z.ZodRawShape = z.ZodRawShape> {
  /** The fields of the response, never shown again; an error is shown at the last one. */
  readonly fields: z.ZodObject<Shape>;
  /** Whether the response depends on the clock of the person's device, which may be wrong. */
  readonly clockDependent: boolean;
  /** Absent if the person can respond without anything being sent. */
  readonly delivery?: Delivery;
  /** The model of the response's view (a challenge to be signed). */
  prompt?(authenticator: Authenticator, context: ProofContext): Promise<ViewModel>;
  /**
   * Checks the response, and consumes it if it is right (a time step, a challenge) by one conditional UPDATE: "right" for one of
   * many concurrent requests.
   */
  verifyAndConsume(
    authenticator: Authenticator,
    response: z.infer<z.ZodObject<Shape>>,
    context: ProofContext,
  ): Promise<CodeCheck>;
}

/** Sends what the person needs for the response. */
export interface Delivery {
  send(authenticator: Authenticator, context: ProofContext): Promise<SendOutcome>;
  /** When the current code was sent; undefined if there is none. */
  lastSent(authenticator: Authenticator, context: ProofContext): Promise<Instant | undefined>;
  /** When the next one may be sent; undefined: now. */
  nextSend(account: Account): Promise<Instant | undefined>;
}

/** Checks the types of a step against each other: `values` has the output type of `fields`. */
export function enrolmentStep<State extends EnrolmentState, Shape extends z.ZodRawShape>(
  step: EnrolmentStep<State, Shape>,
): EnrolmentStep {
  return step as unknown as EnrolmentStep;
}

/** The same for a verifier: `response` has the output type of `fields`. */
export function verifier<Shape extends z.ZodRawShape>(declared: Verifier<Shape>): Verifier {
  return declared as unknown as Verifier;
}
