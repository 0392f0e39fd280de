import type { Accounts } from '../accounts/accounts.ts';
import type { PasswordHasher } from '../accounts/password-hasher.ts';
import type { Audit } from '../audit/audit.ts';
import type { Attempts } from '../codes/attempts.ts';
import type { MailedCodes } from '../codes/mailed-codes.ts';
import type { Keyring } from '../kernel/keyring.ts';
import type { Random } from '../kernel/random.ts';
import type { Clock } from '../kernel/time.ts';
import type { Transact } from '../kernel/transaction.ts';
import type { Notices } from '../mail/notices.ts';
import type { MethodId } from '../settings/method-ids.ts';
import type { Authenticators } from './authenticator.ts';
import { AuthenticatorChanges } from './authenticator-changes.ts';
import { Enrolments } from './authenticator-enrolments.ts';
import { allMethods, type MethodStores } from './methods/registry.ts';
import { type RecoveryCodeStore, RecoveryCodes } from './recovery-codes.ts';
import { SecondStep } from './second-step.ts';

interface TwoFactorStores extends MethodStores {
  readonly authenticators: Authenticators;
  readonly recoveryCodes: RecoveryCodeStore;
}

interface TwoFactorBase {
  readonly clock: Clock;
  readonly random: Random;
  readonly keyring: Keyring;
  readonly transaction: Transact;
  readonly audit: Audit;
  readonly notices: Notices;
  readonly attempts: Attempts;
  readonly codes: MailedCodes;
  readonly accounts: Accounts;
  readonly passwordHasher: PasswordHasher;
  /** Called after each proof of an authenticator. */
  readonly proven: (method: MethodId) => void;
}

export function composeTwoFactor(stores: TwoFactorStores, base: TwoFactorBase) {
  const { authenticators } = stores;
  const methods = allMethods({ ...base, ...stores });
  const parts = { ...base, authenticators, methods };
  return {
    ...{ authenticators, methods },
    secondStep: new SecondStep(parts),
    enrolments: new Enrolments(parts),
    authenticatorChanges: new AuthenticatorChanges(parts),
    recoveryCodes: new RecoveryCodes({ ...parts, store: stores.recoveryCodes }),
  };
}
