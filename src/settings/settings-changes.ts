import type { Atomically } from '../atomically.ts';
import type { Actor, Audit } from '../audit/audit.ts';
import type { Clock } from '../time.ts';
import { graceFact } from '../two-factor/grace.ts';
import { type LaidDownRule, laidDown } from '../two-factor/personal-policy.ts';
import type { TrustedBrowserStore } from '../two-factor/trusted-browsers.ts';
import { type Settings, type SettingsStore, siteRule } from './settings.ts';

interface SettingsChangeServices {
  readonly settings: SettingsStore;
  readonly trust: Pick<TrustedBrowserStore, 'clear'>;
  readonly audit: Audit;
  /** Runs what decides over people: never two at once. */
  readonly deciding: Atomically;
  readonly clock: Clock;
}

/** What administrators change; since when 2FA has been mandatory follows from it. */
export type DecidedSettings = Omit<Settings, 'mandatorySince'>;

/** What administrators decide for the whole site, and what it does to people. */
export class SettingsChanges {
  readonly #services: SettingsChangeServices;

  constructor(services: SettingsChangeServices) {
    this.#services = services;
  }

  /** What the site's rule would be; it holds only once it is changed. */
  next(present: Settings, changes: Partial<DecidedSettings>): LaidDownRule {
    return laidDown(siteRule(present), siteRule({ ...present, ...changes }), this.#services.clock());
  }

  /** Changes what differs and writes the old and the new values down; false when nothing does. */
  async change(changes: Partial<DecidedSettings>, actor: Actor): Promise<boolean> {
    const { settings, trust, audit, deciding } = this.#services;
    return deciding(async () => {
      const present = await settings.read();
      const rule = this.next(present, changes);
      const before = factsOf(present);
      const after = factsOf(await settings.change({ ...changes, mandatorySince: rule.since }));
      const detail = Object.fromEntries(
        Object.entries(after)
          .filter(([name, value]) => before[name] !== value)
          .map(([name, value]) => [name, `${before[name] || NOTHING} → ${value || NOTHING}`]),
      );
      if (Object.keys(detail).length === 0) return false;
      // A browser is trusted under the policy that held: what comes back later does not bring the trust back.
      if (TRUST_RESTS_ON.some((name) => name in detail)) await trust.clear();
      await audit.record('policy.changed', actor.origin, actor.party, actor.party, detail);
      return true;
    });
  }
}

const NOTHING = '–';

/** By their names in the audit log. */
const TRUST_RESTS_ON = ['rule', 'methods', 'trust-days'] as const;

/** The settings as the audit log names them. */
function factsOf(settings: Settings): Readonly<Record<string, string>> {
  return {
    rule: settings.twoFactor.rule,
    methods: settings.twoFactor.methods.join(', '),
    grace: graceFact(settings.grace),
    sender: settings.sender,
    'help-contact': settings.helpContact,
    'sign-up': settings.signUp ? 'on' : 'off',
    'site-name': settings.siteName,
    'second-approval': settings.resets.secondApproval ? 'on' : 'off',
    'waiting-hours': String(settings.resets.waitingHours),
    'trust-days': String(settings.trustDays),
  };
}
