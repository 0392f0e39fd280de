import type { Store } from 'express-session';
import type { Logger } from 'pino';
import type { composeDomain } from './composition.ts';
import type { Pings } from './kernel/dependencies.ts';
import type { Words } from './kernel/i18n.ts';
import type { Keyring } from './kernel/keyring.ts';
import type { Clock } from './kernel/time.ts';
import type { Submissions } from './limits/submissions.ts';
import type { Measures } from './metrics/measures.ts';
import type { SettingsStore } from './settings/settings.ts';

/** The part of the configuration that pages need. */
export interface SiteConfig {
  /** The public origin, without a path; links and cookies follow it, never a request's headers. */
  readonly baseUrl: string;
  /** Express's `trust proxy`: whose X-Forwarded-For is trusted. */
  readonly trustProxy: number | readonly string[] | false;
  /** URL of the help center; undefined: no link to it. */
  readonly helpCenterUrl: string | undefined;
  /** Where the metrics are served; undefined: nowhere. */
  readonly metrics: { readonly port: number | undefined; readonly token: string | undefined } | undefined;
  /** Who may ask for forward-auth checks: addresses and subnets, or who has the token. Neither: nobody. */
  readonly guard: { readonly proxies: readonly string[]; readonly token: string | undefined };
}

/** The services of the rooms, and what every room stands on. Made by portal.ts; the command line uses the same. */
export interface Services extends Awaited<ReturnType<typeof composeDomain>> {
  readonly site: SiteConfig;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly words: Words;
  readonly keyring: Keyring;
  readonly settings: SettingsStore;
  readonly submissions: Submissions;
  readonly sessionStore: Store;
  readonly parts: Pings;
  /** Undefined if metrics are off: then nothing is measured. */
  readonly measures: Measures | undefined;
}
