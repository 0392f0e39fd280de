import type { Logger } from 'pino';
import { composeAccounts } from './accounts/compose.ts';
import type { PasswordHasher } from './accounts/password-hasher.ts';
import { composeAdministration } from './administration/compose.ts';
import type { CheckOutcome } from './apps/app-sign-ins.ts';
import { composeApps } from './apps/compose.ts';
import type { HandOverOutcome } from './apps/hand-overs.ts';
import type { LogoutOutcome } from './apps/logouts.ts';
import type { SignedOutcomeName } from './apps/signed-hand-overs.ts';
import type { AuditObserver } from './audit/audit.ts';
import { composeAudit } from './audit/compose.ts';
import { composeCodes } from './codes/compose.ts';
import type { AfterResponse } from './kernel/after-response.ts';
import type { Words } from './kernel/i18n.ts';
import type { Keyring } from './kernel/keyring.ts';
import type { Random } from './kernel/random.ts';
import type { Clock } from './kernel/time.ts';
import type { Transact } from './kernel/transaction.ts';
import type { ClientLimits } from './limits/client-budget.ts';
import { composeLimits } from './limits/compose.ts';
import { composeMail, type MailConfig } from './mail/compose.ts';
import type { MailDispatcher } from './mail/letter.ts';
import { composePolicy } from './policy/compose.ts';
import type { MethodId } from './settings/method-ids.ts';
import type { SettingsStore } from './settings/settings.ts';
import { composeSignIn } from './sign-in/compose.ts';
import type { storesOn } from './storage/stores.ts';
import { composeTwoFactor } from './two-factor/compose.ts';

/** What the rooms of the domain stand on. */
interface Ground {
  readonly config: MailConfig & { readonly clientLimits: ClientLimits };
  readonly clock: Clock;
  readonly random: Random;
  readonly passwordHasher: PasswordHasher;
  readonly logger: Logger;
  readonly words: Words;
  readonly keyring: Keyring;
  readonly settings: SettingsStore;
  readonly transaction: Transact;
  /** Runs decisions over people one at a time, each in a transaction. */
  readonly policyLock: Transact;
  readonly background: AfterResponse;
  /** Called with errors that no page waits for. */
  readonly report: (error: unknown) => void;
  /** Called with each audit entry once it is committed. */
  readonly recorded: AuditObserver;
  /** Called after each proof of an authenticator. */
  readonly proven: (method: MethodId) => void;
  /** Called with the outcome of each check of an app, and of each hand-over. */
  readonly checked: (outcome: CheckOutcome) => void;
  readonly handedOver: (outcome: HandOverOutcome) => void;
  readonly signed: (outcome: SignedOutcomeName) => void;
  /** Called after each try to tell an app that a sign-in has ended. */
  readonly toldOfLogout: (outcome: LogoutOutcome) => void;
  /** The dispatcher, with its attempts counted if metrics are on. */
  readonly watching: (dispatcher: MailDispatcher) => MailDispatcher;
}

/** The rooms of the domain from the ground up. Each composes itself of its stores and of what the rooms below it made. */
export async function composeDomain(stores: ReturnType<typeof storesOn>, ground: Ground) {
  const limits = composeLimits(stores, ground);
  const audit = composeAudit(stores, ground);
  const mail = await composeMail(stores, ground);
  const below = { ...ground, ...limits, ...audit, ...mail };
  const codes = composeCodes(stores, below);
  const accounts = composeAccounts(stores, { ...below, ...codes });
  const known = { ...below, ...codes, ...accounts };
  const twoFactor = composeTwoFactor(stores, known);
  const policy = composePolicy(stores, known);
  const signIn = composeSignIn(stores, { ...known, ...twoFactor, ...policy });
  const apps = composeApps(stores, { ...known, ...policy });
  const administration = composeAdministration(stores, { ...known, ...twoFactor });
  return {
    ...{ ...limits, ...audit, ...mail, ...codes, ...accounts },
    ...{ ...twoFactor, ...policy, ...signIn, ...apps, ...administration },
  };
}
