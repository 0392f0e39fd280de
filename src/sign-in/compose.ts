import type { Accounts } from '../accounts/accounts.ts';
import type { SignIns } from '../accounts/sign-ins.ts';
import type { Audit } from '../audit/audit.ts';
import type { Clock } from '../kernel/time.ts';
import type { Transact } from '../kernel/transaction.ts';
import type { Notices } from '../mail/notices.ts';
import type { Policies } from '../policy/policies.ts';
import type { Authenticators } from '../two-factor/authenticator.ts';
import type { TrustedBrowserStore } from '../two-factor/trusted-browser.ts';
import { Completion } from './completion.ts';
import { SignInFlow } from './sign-in-flow.ts';
import { StepUp } from './step-up.ts';
import { TrustedBrowsers } from './trusted-browsers.ts';

interface SignInBase {
  readonly clock: Clock;
  readonly transaction: Transact;
  readonly audit: Audit;
  readonly notices: Notices;
  readonly accounts: Accounts;
  readonly signIns: SignIns;
  readonly authenticators: Authenticators;
  readonly policies: Policies;
}

export function composeSignIn(stores: { readonly trustedBrowsers: TrustedBrowserStore }, base: SignInBase) {
  const trustedBrowsers = new TrustedBrowsers({ ...base, store: stores.trustedBrowsers });
  const completion = new Completion(base);
  const parts = { ...base, trustedBrowsers, completion };
  return {
    ...{ trustedBrowsers, completion },
    signInFlow: new SignInFlow(parts),
    stepUp: new StepUp(parts),
  };
}
