import type { Request, RequestHandler, Response } from 'express';
import type { MessageKey } from '../../kernel/i18n.ts';
import type { Transaction } from '../../kernel/transaction.ts';
import type { Purpose } from '../../mail/message.ts';
import type { MethodId } from '../../settings/method-ids.ts';
import type { Authenticator } from '../../two-factor/authenticator.ts';
import type { PendingSignIn, SignedIn } from '../../web/auth-state.ts';
import type { Handler } from '../../web/guards.ts';
import type { SessionState } from '../../web/session.ts';

/** A place that asks for a second factor: sign-in or step-up. Its pages are below `path`. */
export interface CodeMount<Who extends PendingSignIn | SignedIn> {
  readonly path: string;
  readonly guard: (handler: Handler<Who>) => RequestHandler;
  readonly purpose: Purpose;
  /** What the code is for: shown above the heading and in the title. */
  readonly caption: MessageKey;
  readonly chosenId: (who: Who) => string | undefined;
  /** The authenticators that it can ask for. */
  readonly asked: (who: Who) => readonly Authenticator[];
  /** Whether a recovery code counts. */
  readonly takesRecoveryCodes: (who: Who) => boolean;
  /** Where the person goes on. */
  readonly returnTo: (who: Who) => string | undefined;
  readonly choose: (who: Who, authenticatorId: string) => SessionState;
  /** Whether people who have lost access may ask the administrators for a reset here. */
  readonly mayAskForReset: boolean;
  /** Days of trust that the page offers for this browser; 0: none. */
  readonly trustDays: (who: Who) => number;
}

/** The same with its handlers. `Next`: the result of a right response. */
export interface ProofMount<Who extends PendingSignIn | SignedIn, Next> extends CodeMount<Who> {
  /** Called in the transaction that has verified the response. It may run again on a conflict. */
  readonly accept: (who: Who, accepted: Accepted, tx: Transaction) => Promise<Next>;
  /** Sends the response, after the commit. */
  readonly accepted: (who: Who, next: Next, request: Request, response: Response) => Promise<void>;
  /** The same for a recovery code; `left`: number of unused codes. */
  readonly recovered: (
    who: Who,
    next: Next,
    left: number,
    request: Request,
    response: Response,
  ) => Promise<void>;
}

/** A right response. */
export interface Accepted {
  /** The method that was proven, or "recovery code". */
  readonly factor: MethodId | 'recovery code';
  /** "Don't ask for a code in this browser". */
  readonly trust: boolean;
}
