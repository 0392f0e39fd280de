import type { Accounts } from '../accounts/accounts.ts';
import type { Administrators } from '../accounts/administrators.ts';
import type { SignIns } from '../accounts/sign-ins.ts';
import type { Audit } from '../audit/audit.ts';
import type { AfterResponse } from '../kernel/after-response.ts';
import type { Keyring } from '../kernel/keyring.ts';
import type { Clock } from '../kernel/time.ts';
import type { Transact } from '../kernel/transaction.ts';
import type { GroupStore } from '../policy/group.ts';
import type { Policies } from '../policy/policies.ts';
import type { AuthSnapshots } from '../policy/snapshot.ts';
import { Admissions } from './admissions.ts';
import type { App } from './app.ts';
import { AppProbe } from './app-probe.ts';
import { type AppSecretStore, AppSecrets } from './app-secrets.ts';
import { type AppSignInStore, AppSignIns, type AppSnapshots, type CheckOutcome } from './app-sign-ins.ts';
import { type AppStore, Apps } from './apps.ts';
import { ClientErrors } from './client-errors.ts';
import { type ClientSignInStore, ClientSignIns } from './client-sign-ins.ts';
import { type ConsentStore, Consents } from './consents.ts';
import { Departures } from './departures.ts';
import { type HandOverOutcome, type HandOverStore, HandOvers } from './hand-overs.ts';
import { LogoutDelivery } from './logout-delivery.ts';
import { logoutPostBy } from './logout-post.ts';
import { LogoutReports } from './logout-reports.ts';
import { logoutTokensBy } from './logout-tokens.ts';
import { LogoutWatch } from './logout-watch.ts';
import type { LogoutOutcome, LogoutStore } from './logouts.ts';
import type { OidcModelStore } from './oidc-models.ts';
import { SignedHandOvers, type SignedOutcomeName } from './signed-hand-overs.ts';
import { type SigningKeyStore, SigningKeys } from './signing-keys.ts';
import { TokenUses } from './token-uses.ts';

interface AppStores {
  readonly apps: AppStore;
  readonly appSecrets: AppSecretStore;
  readonly appSignIns: AppSignInStore;
  readonly appSnapshots: AppSnapshots;
  readonly clientSignIns: ClientSignInStore;
  readonly logouts: LogoutStore;
  readonly consents: ConsentStore;
  readonly handOvers: HandOverStore;
  readonly oidcModels: OidcModelStore;
  readonly signingKeys: SigningKeyStore;
  readonly snapshots: AuthSnapshots;
  readonly groups: GroupStore;
}

interface AppBase {
  readonly config: { readonly baseUrl: string };
  readonly clock: Clock;
  readonly transaction: Transact;
  readonly keyring: Keyring;
  readonly audit: Audit;
  readonly accounts: Accounts;
  readonly administrators: Pick<Administrators, 'tell'>;
  readonly signIns: SignIns;
  readonly policies: Policies;
  /** Called with the outcome of each check of an app. */
  readonly checked: (outcome: CheckOutcome) => void;
  /** Called with the outcome of each hand-over. */
  readonly handedOver: (outcome: HandOverOutcome) => void;
  /** Called with the outcome of each signed hand-over. */
  readonly signed: (outcome: SignedOutcomeName) => void;
  /** Called after each try to tell an app that a sign-in has ended. */
  readonly toldOfLogout: (outcome: LogoutOutcome) => void;
  readonly background: Pick<AfterResponse, 'start'>;
  /** Called with errors that no page waits for. */
  readonly report: (error: unknown) => void;
}

export function composeApps(stores: AppStores, { config: { baseUrl }, ...base }: AppBase) {
  const { apps, appSignIns, consents, groups } = stores;
  const admissions = new Admissions(base);
  const appSecrets = new AppSecrets({ ...base, store: stores.appSecrets });
  const { logouts, snapshots } = stores;
  const clientSignIns = new ClientSignIns({ ...base, store: stores.clientSignIns, logouts });
  const signingKeys = new SigningKeys({ ...base, store: stores.signingKeys });
  const delivery = new LogoutDelivery({
    ...{ ...base, store: logouts, apps, post: logoutPostBy(fetch), tried: base.toldOfLogout },
    tokens: logoutTokensBy({ ...base, keys: signingKeys, issuer: `${baseUrl}/oidc` }),
  });
  // Made before the first person comes: two RSA keys take seconds on a small machine.
  const makeKeys = async () => void (await signingKeys.published());
  const added = ({ kind }: App) => kind === 'oidc' && base.background.start(makeKeys);
  return {
    admissions,
    departures: new Departures({ ...base, appSignIns, apps, logouts }),
    logoutWatch: new LogoutWatch({ ...base, store: logouts, delivery, snapshots }),
    logoutReports: new LogoutReports({ ...base, store: logouts }),
    appSecrets,
    appProbe: new AppProbe({ fetch, baseUrl }),
    apps: new Apps({ ...base, store: apps, groups, secrets: appSecrets, added, baseUrl }),
    appSignIns: new AppSignIns({ ...base, store: appSignIns, snapshots: stores.appSnapshots }),
    clientSignIns,
    clientErrors: new ClientErrors(base),
    consents: new Consents({ ...base, store: consents, apps, grants: stores.oidcModels }),
    signingKeys,
    tokenUses: new TokenUses({ ...base, snapshots: stores.snapshots }),
    handOvers: new HandOvers({ ...base, store: stores.handOvers, admissions, apps, appSignIns }),
    signedHandOvers: new SignedHandOvers({ ...base, admissions, appSecrets, groups, clientSignIns }),
  };
}
