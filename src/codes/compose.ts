import type { Audit } from '../audit/audit.ts';
import type { Keyring } from '../kernel/keyring.ts';
import type { Random } from '../kernel/random.ts';
import type { Clock } from '../kernel/time.ts';
import type { Transact } from '../kernel/transaction.ts';
import type { FailureBackoff } from '../limits/failure-backoff.ts';
import type { RateLimit } from '../limits/rate-limit.ts';
import type { Mailer } from '../mail/mailer.ts';
import { Attempts } from './attempts.ts';
import { type ChallengeStore, Challenges } from './challenges.ts';
import { MailedCodes } from './mailed-codes.ts';

interface CodeBase {
  readonly clock: Clock;
  readonly random: Random;
  readonly keyring: Keyring;
  readonly transaction: Transact;
  readonly throttle: FailureBackoff;
  readonly rateLimit: RateLimit;
  readonly audit: Audit;
  readonly mails: Mailer;
  /** Called with errors that no page waits for. */
  readonly report: (error: unknown) => void;
}

export function composeCodes(stores: { readonly challenges: ChallengeStore }, base: CodeBase) {
  const challenges = new Challenges({ ...base, store: stores.challenges });
  return {
    attempts: new Attempts(base),
    codes: new MailedCodes({ ...base, challenges, post: base.mails }),
  };
}
