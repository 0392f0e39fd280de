import type { Logger } from 'pino';
import type { composeDomain } from './composition.ts';
import type { Pings } from './kernel/dependencies.ts';
import type { Words } from './kernel/i18n.ts';
import type { Keyring } from './kernel/keyring.ts';
import type { Clock } from './kernel/time.ts';
import type { Submissions } from './limits/submissions.ts';
import type { Measures } from './metrics/measures.ts';
import type { OpenId } from './oidc/open-id.ts';
import type { SettingsStore } from './settings/settings.ts';
import type { SessionStore } from './sign-in/session-store.ts';
import type { SiteConfig } from './web/site-config.ts';

/** The services of the rooms, and what every room stands on. Made by portal.ts; the command line uses the same. */
export interface Services extends Awaited<ReturnType<typeof composeDomain>> {
  readonly site: SiteConfig;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly words: Words;
  readonly keyring: Keyring;
  readonly settings: SettingsStore;
  readonly submissions: Submissions;
  readonly openId: OpenId;
  readonly sessionStore: SessionStore;
  readonly parts: Pings;
  /** Undefined if metrics are off: then nothing is measured. */
  readonly measures: Measures | undefined;
}
