import type { MailedCodes } from '../../codes/mailed-codes.ts';
import type { Keyring } from '../../kernel/keyring.ts';
import type { Clock } from '../../kernel/time.ts';
import type { MethodId } from '../../settings/method-ids.ts';
import type { Method } from '../method.ts';
import { appMethod, type TotpStepStore } from './app/app-method.ts';
import { emailMethod } from './email/email-method.ts';

/** What the methods keep besides the authenticators. */
export interface MethodStores {
  readonly totpSteps: TotpStepStore;
}

export interface MethodServices extends MethodStores {
  readonly keyring: Keyring;
  readonly codes: MailedCodes;
  readonly clock: Clock;
}

/** All methods by id. A new method is a folder beside these two and a line here. */
export type Methods = Readonly<Record<MethodId, Method>>;

export function allMethods(services: MethodServices): Methods {
  return {
    app: appMethod(services),
    email: emailMethod(services),
  };
}
