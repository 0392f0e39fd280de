import type { Keyring } from '../../keyring.ts';
import type { Clock } from '../../time.ts';
import type { Authenticators } from '../authenticator.ts';
import type { MailedCodes } from '../mailed-codes.ts';
import type { Method, MethodId } from '../method.ts';
import { appMethod } from './app/app-method.ts';
import { emailMethod } from './email/email-method.ts';

export interface MethodServices {
  readonly keyring: Keyring;
  readonly authenticators: Authenticators;
  readonly codes: MailedCodes;
  readonly clock: Clock;
}

/** Every method by its id. A new method is a folder beside these two, its views, and a line here. */
export type Methods = Readonly<Record<MethodId, Method>>;

export function allMethods(services: MethodServices): Methods {
  return {
    app: appMethod(services),
    email: emailMethod(services),
  };
}
