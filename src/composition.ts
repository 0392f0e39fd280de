import type { Knex } from 'knex';
import type { Logger } from 'pino';
import { Administration } from './accounts/administration.ts';
import { Credentials } from './accounts/credentials.ts';
import { EmailChanges } from './accounts/email-changes.ts';
import { Groups } from './accounts/groups.ts';
import { hashing } from './accounts/hashing-queue.ts';
import { Links } from './accounts/links.ts';
import { PasswordSignIn } from './accounts/password-sign-in.ts';
import { PeopleImport } from './accounts/people-import.ts';
import { ProfileChanges } from './accounts/profile-changes.ts';
import { Registration } from './accounts/registration.ts';
import { ResetRequests } from './accounts/reset-requests.ts';
import { IDLE_LIMIT, SignIns } from './accounts/sign-ins.ts';
import type { Atomically } from './atomically.ts';
import { Audit, type AuditObserver } from './audit/audit.ts';
import type { Config } from './config.ts';
import { Keyring } from './keyring.ts';
import { Allowance } from './limits/allowance.ts';
import { Throttle } from './limits/throttle.ts';
import { auditLines } from './logging.ts';
import { carrierOver } from './mail/carrier.ts';
import { letterWriter } from './mail/letter-writer.ts';
import { transportFor } from './mail/transport-choice.ts';
import type { PortalMetrics } from './metrics/portal-metrics.ts';
import { Background } from './post/background.ts';
import { MailDelivery } from './post/mail-delivery.ts';
import { MailQueue } from './post/mail-queue.ts';
import { Notices } from './post/notices.ts';
import { secretSource } from './secrets.ts';
import type { Part, Ping, Services } from './services.ts';
import type { SettingsStore } from './settings/settings.ts';
import { SettingsChanges } from './settings/settings-changes.ts';
import { KnexAccounts } from './storage/accounts.ts';
import { KnexAuditStore } from './storage/audit.ts';
import { KnexAuthenticators } from './storage/authenticators.ts';
import { backUp, type RestoreOutcome, restore } from './storage/backup.ts';
import { KnexChallengeStore } from './storage/challenges.ts';
import { KnexCohortStore } from './storage/cohorts.ts';
import { afterwardsOn, hearFailures, unitsOfWorkOn } from './storage/contention.ts';
import { isNew, migrate, openDatabase, pendingMigrations } from './storage/database.ts';
import { decisionsOn } from './storage/decisions.ts';
import { KnexGraceStore } from './storage/graces.ts';
import { KnexGroupStore } from './storage/groups.ts';
import { KnexAllowanceStore, KnexThrottleStore } from './storage/limits.ts';
import { KnexLinkStore } from './storage/links.ts';
import { KnexMailStore } from './storage/mails.ts';
import { ObservedSessions } from './storage/observed-sessions.ts';
import { KnexPeople } from './storage/people.ts';
import { observed, readinessOf } from './storage/readiness.ts';
import { KnexRecoveryCodeStore } from './storage/recovery-codes.ts';
import { KnexReminderStore } from './storage/reminders.ts';
import { KnexResetRequestStore } from './storage/reset-requests.ts';
import { knexSessionStore } from './storage/sessions.ts';
import { KnexSettingsStore } from './storage/settings.ts';
import { KnexSignInStore } from './storage/sign-ins.ts';
import { KnexStandings } from './storage/standings.ts';
import { KnexTrustedBrowserStore } from './storage/trusted-browsers.ts';
import { joining } from './storage/units-of-work.ts';
import { type Clock, seconds } from './time.ts';
import { Adoption } from './two-factor/adoption.ts';
import { AuthenticatorChanges } from './two-factor/authenticator-changes.ts';
import { Census } from './two-factor/census.ts';
import { Challenges } from './two-factor/challenges.ts';
import { Enrolments } from './two-factor/enrolments.ts';
import { MailedCodes } from './two-factor/mailed-codes.ts';
import type { MethodId } from './two-factor/method.ts';
import { allMethods } from './two-factor/methods/registry.ts';
import { Policies } from './two-factor/policies.ts';
import { Previews } from './two-factor/previews.ts';
import { RecoveryCodes } from './two-factor/recovery-codes.ts';
import { Reminders } from './two-factor/reminders.ts';
import { SecondStep } from './two-factor/second-step.ts';
import { TrustedBrowsers } from './two-factor/trusted-browsers.ts';
import { loadWords, type Words } from './words.ts';

/** What the world provides besides the configuration; tests bring their own. */
export interface World {
  readonly clock: Clock;
  readonly logger: Logger;
}

export { type MoveOutcome, moveBetween } from './storage/data-move.ts';
export { sqlitePath } from './storage/database.ts';
export type { RestoreOutcome };

/** The portal, put together on real parts. */
export interface Portal {
  readonly services: Services;
  /** Brings the tables up to date; several instances may call it at once. */
  readonly migrate: () => Promise<void>;
  /** Delivers from now on what is in the mail queue, until it is closed. */
  readonly startDelivery: () => void;
  /** Resolves once each mail that was queued here has been tried; what was not taken stays in the queue. */
  readonly delivered: () => Promise<void>;
  readonly pendingMigrations: () => Promise<readonly string[]>;
  /** Whether the database is empty: no version of the portal has made its tables yet. */
  readonly isNew: () => Promise<boolean>;
  /** Everything in the database at one moment, as lines; sessions are left out, and the secrets are not in it anyway. */
  readonly backUp: () => AsyncGenerator<string>;
  /** Fills an empty database of this version. */
  readonly restore: (lines: AsyncIterable<string>) => Promise<RestoreOutcome>;
  /** Lets mails and statements under way finish, and closes what is open. */
  readonly close: () => Promise<void>;
}

/** So long mails under way are waited for at the end. What is broken off is tried again by whoever is there then. */
const MAIL_PATIENCE = seconds(1.5);

/** Puts the portal together as the configuration says. Nothing is asked of the database before `migrate`. */
export async function compose(config: Config, { clock, logger }: World): Promise<Portal> {
  const trace = traceOf(logger, 'statement');
  const db = openDatabase(config.databaseUrl, { ...config.databaseLimits, trace });
  const words = loadWords();
  const joined = joining(db);
  const settings = new KnexSettingsStore(joined);
  const keyring = new Keyring(secretSource(config));
  const metrics = await composeMetrics(config, db, clock);
  const { mails, delivery } = await composeMail(config, db, {
    clock,
    logger,
    words,
    settings,
    keyring,
    metrics,
  });
  const report = (error: unknown) => logger.error({ err: error }, 'background work failed');
  const background = new Background(report);
  const databaseReady = readinessOf(db);
  const sessions = await composeSessions(config, db, { databaseReady, logger });
  const afterwards = afterwardsOn(db);
  const audited = auditLines(logger);
  const failed = (part: Part) => () => metrics?.failed(part);
  const domain = composeDomain(joined, {
    ...{ clock, words, settings, keyring, mails, background, report },
    atomically: unitsOfWorkOn(db),
    recorded: (event) =>
      afterwards(() => {
        audited(event);
        metrics?.recorded(event);
      }),
    proven: (method) => metrics?.proven(method),
  });
  return {
    services: {
      ...domain,
      site: config,
      clock,
      logger,
      words,
      keyring,
      settings,
      mails,
      sessionStore: metrics ? new ObservedSessions(sessions.store, failed('sessions')) : sessions.store,
      parts: {
        database: observed(databaseReady, failed('database')),
        sessions: observed(sessions.ping, failed('sessions')),
      },
      measures: metrics,
    },
    migrate: () => migrate(db),
    startDelivery: () => delivery.start(),
    delivered: () => delivery.settled(),
    pendingMigrations: () => pendingMigrations(db),
    isNew: () => isNew(db),
    backUp: () => backUp(db, clock()),
    restore: (lines) => restore(db, lines),
    async close() {
      await background.settled();
      await delivery.stop(MAIL_PATIENCE);
      await domain.codes.settled();
      await sessions.close();
      await db.destroy();
    },
  };
}

interface Base {
  readonly clock: Clock;
  readonly words: Words;
  readonly settings: SettingsStore;
  readonly keyring: Keyring;
}

interface DomainBase extends Base {
  readonly mails: MailQueue;
  readonly background: Background;
  readonly atomically: Atomically;
  readonly recorded: AuditObserver;
  readonly proven: (method: MethodId) => void;
  /** Hears of faults that no page waits for. */
  readonly report: (error: unknown) => void;
}

/** The domain over its stores in the database. */
function composeDomain(db: Knex, { mails: post, recorded, report, ...base }: DomainBase) {
  const { clock, keyring, atomically } = base;
  const accounts = new KnexAccounts(db);
  const standings = new KnexStandings(db);
  const authenticators = new KnexAuthenticators(db);
  const audit = new Audit(new KnexAuditStore(db), clock, atomically, recorded);
  const links = new Links(new KnexLinkStore(db), clock);
  const throttle = new Throttle(new KnexThrottleStore(db), clock);
  const allowance = new Allowance(new KnexAllowanceStore(db), clock);
  const notices = new Notices(post, clock);
  const challenges = new Challenges(new KnexChallengeStore(db), keyring, clock);
  const codes = new MailedCodes({ challenges, allowance, post, report });
  const methods = allMethods({ keyring, authenticators, codes, clock });
  const groupStore = new KnexGroupStore(db);
  const policies = new Policies({ groups: groupStore, graces: new KnexGraceStore(db), clock });
  const trust = new KnexTrustedBrowserStore(db);
  const shared = {
    ...base,
    ...{ post, accounts, authenticators, audit, links, throttle, allowance, notices, methods, trust },
    ...{ standings, policies, deciding: decisionsOn(db, atomically) },
  };
  const census = new Census({ ...shared, cohorts: new KnexCohortStore(db), groups: groupStore });
  const administration = new Administration(shared);
  const registration = new Registration(shared);
  return {
    ...{ accounts, authenticators, audit, standings, policies, census },
    people: new KnexPeople(db),
    groups: new Groups({ ...shared, store: groupStore }),
    previews: new Previews({ ...shared, census, groups: groupStore }),
    adoption: new Adoption({ ...shared, census }),
    reminders: new Reminders({ ...shared, census, store: new KnexReminderStore(db) }),
    methods,
    codes,
    passwordSignIn: new PasswordSignIn(accounts, throttle, audit),
    registration,
    peopleImport: new PeopleImport({ ...shared, registration }),
    credentials: new Credentials(shared),
    emailChanges: new EmailChanges({ ...shared, codes }),
    profileChanges: new ProfileChanges(shared),
    administration,
    resetRequests: new ResetRequests({ ...shared, administration, store: new KnexResetRequestStore(db) }),
    settingsChanges: new SettingsChanges(shared),
    secondStep: new SecondStep(shared),
    recoveryCodes: new RecoveryCodes({ ...shared, store: new KnexRecoveryCodeStore(db) }),
    trustedBrowsers: new TrustedBrowsers({ ...shared, store: trust }),
    signIns: new SignIns({ ...shared, store: new KnexSignInStore(db) }),
    enrolments: new Enrolments(shared),
    authenticatorChanges: new AuthenticatorChanges(shared),
  };
}

/** The mail queue, which joins the writes that its mails tell of, and the worker, which does nothing but deliver. */
async function composeMail(
  config: Config,
  db: Knex,
  { logger, metrics, ...base }: Base & World & { readonly metrics: PortalMetrics | undefined },
) {
  const carrier = carrierOver(await transportFor(config, logger), logger);
  const delivery = new MailDelivery({
    ...base,
    store: new KnexMailStore(db),
    carrier: metrics?.watching(carrier) ?? carrier,
    report: (error) => logger.error({ err: error }, 'mail queue'),
  });
  const writer = letterWriter({ ...base, ...config });
  const store = new KnexMailStore(joining(db));
  return {
    delivery,
    mails: new MailQueue({ ...base, store, writer, delivery, afterwards: afterwardsOn(db) }),
  };
}

/** Loaded only for those who read them: a twentieth of a second and 20 MB. */
async function composeMetrics(config: Config, db: Knex, clock: Clock): Promise<PortalMetrics | undefined> {
  if (!config.metrics) return undefined;
  const { PortalMetrics } = await import('./metrics/portal-metrics.ts');
  const metrics = new PortalMetrics({ mails: new KnexMailStore(db), hashing, clock });
  hearFailures(db, () => metrics.failed('database'));
  return metrics;
}

async function composeSessions(
  { redisUrl, redisTimeout: timeout }: Config,
  db: Knex,
  { databaseReady, logger }: { readonly databaseReady: Ping; readonly logger: Logger },
) {
  const report = (error: unknown) => logger.error({ err: error }, 'session store');
  if (redisUrl === undefined) {
    const store = knexSessionStore(db, IDLE_LIMIT, report);
    return { store, ping: databaseReady, close: () => store.close() };
  }
  // Only those who use it pay for loading it: a tenth of a second and 12 MB.
  const { redisSessionStore } = await import('./storage/redis.ts');
  const trace = traceOf(logger, 'command');
  const sessions = redisSessionStore(redisUrl, { idleLimit: IDLE_LIMIT, timeout, report, trace });
  await sessions.opened();
  return sessions;
}

/** What the database and Redis are asked for one by one, in the log of whoever wants to know it all. */
function traceOf(logger: Logger, what: 'statement' | 'command'): ((asked: string) => void) | undefined {
  return logger.isLevelEnabled('trace') ? (asked) => logger.trace({ [what]: asked }, 'asked') : undefined;
}
