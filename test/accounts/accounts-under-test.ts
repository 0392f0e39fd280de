import type { Knex } from 'knex';
import type { Account } from '../../src/accounts/account.ts';
import { Administrators } from '../../src/accounts/administrators.ts';
import { Credentials } from '../../src/accounts/credentials.ts';
import { Links } from '../../src/accounts/links.ts';
import type { PasswordHasher } from '../../src/accounts/password-hasher.ts';
import { PasswordSignIn, passwordSubjects } from '../../src/accounts/password-sign-in.ts';
import { Registration } from '../../src/accounts/registration.ts';
import { type Actor, Audit } from '../../src/audit/audit.ts';
import { AfterResponse } from '../../src/kernel/after-response.ts';
import { Keyring } from '../../src/kernel/keyring.ts';
import { clientBudgets } from '../../src/limits/client-budget.ts';
import { FailureBackoff, PASSWORD_ACCOUNT_RULE } from '../../src/limits/failure-backoff.ts';
import { RateLimit } from '../../src/limits/rate-limit.ts';
import type { ClaimedMail } from '../../src/mail/mail.ts';
import type { Message, Recipient } from '../../src/mail/message.ts';
import { Notices } from '../../src/mail/notices.ts';
import { KnexAccounts } from '../../src/storage/accounts.ts';
import { KnexLinkStore } from '../../src/storage/links.ts';
import { transactOn } from '../../src/storage/sql/transaction.ts';
import { ManualClock } from '../support/clock.ts';
import { SQLITE, useDatabase } from '../support/databases.ts';
import {
  MemoryAllowances,
  MemoryAudit,
  MemoryBudgets,
  MemorySettings,
  MemoryThrottles,
} from '../support/memory.ts';
import { QUICK_HASHER } from '../support/password-hashing.ts';

/** At least 32 characters. */
const SECRET = 'the secret of all of these tests';

export const PASSWORD = 'seventeen green herons';
export const ORIGIN = { requestId: 'request', address: '192.0.2.7', browser: 'Lynx' };
export const OPERATOR: Actor = { party: { id: null, label: 'test' }, origin: ORIGIN };

interface Letter {
  readonly to: string;
  readonly message: Message;
}

/** Within a `describe`: the domain of accounts on SQLite; each call creates it again over the same tables. */
export function useAccounts(passwordHasher = QUICK_HASHER) {
  const database = useDatabase(SQLITE);
  return () => domainOver(database(), passwordHasher);
}

function domainOver(db: Knex, passwordHasher: PasswordHasher) {
  const accounts = new KnexAccounts(db);
  const transaction = transactOn(db);
  const clock = new ManualClock();
  const events = new MemoryAudit();
  const audit = new Audit({ store: events, clock: clock.read, transaction });
  const throttle = new FailureBackoff(new MemoryThrottles(), clock.read);
  const failures: unknown[] = [];
  const background = new AfterResponse((error) => failures.push(error));
  const { post, letters, pretended, claim } = stubbornPost();
  const [settings, notices] = [new MemorySettings(), new Notices(post, clock.read)];
  const shared = {
    accounts,
    administrators: new Administrators({ accounts, settings, notices, clock: clock.read }),
    audit,
    throttle,
    keyring: new Keyring(() => [SECRET]),
    background,
    post,
    links: new Links(new KnexLinkStore(db), clock.read),
    rateLimit: new RateLimit(new MemoryAllowances(), clock.read),
    clients: clientBudgets(new MemoryBudgets(), clock.read, { failures: 50, mails: 100 }),
    notices,
    settings,
    passwordHasher,
    transaction,
    policyLock: transaction,
    clock: clock.read,
  };
  const registration = new Registration(shared);
  return {
    accounts,
    clock,
    events,
    background,
    failures,
    letters,
    pretended,
    claim,
    registration,
    credentials: new Credentials(shared),
    passwordSignIn: new PasswordSignIn(shared),
    /** Records that many wrong guesses from strangers everywhere, without hashing. From 100 on, all strangers wait. */
    async strangersGuess(email: string, times = 100): Promise<void> {
      const [, anywhere] = passwordSubjects(email, ORIGIN, shared.keyring);
      for (let time = 0; time < times; time++) await throttle.consume(anywhere, PASSWORD_ACCOUNT_RULE);
    },
    /** Creates an account with `PASSWORD`. */
    async account(email: string): Promise<Account> {
      const created = await registration.create({ email, name: 'Ann' }, 'member', PASSWORD, OPERATOR);
      if (!created) throw new Error(`${email} already has an account.`);
      return created;
    },
  };
}

/** Stands for a mail that is held back: the fake mailer recognises it. */
const HELD: ClaimedMail = {
  mail: {
    ...{ id: '', accountId: null, address: '', kind: '', createdAt: 0, state: 'waiting', tries: 1 },
    ...{ dueAt: 0, expiresAt: 0, settledAt: null, fault: null },
  },
  letter: { key: '', nonce: '', text: '', tag: '' },
};

/** A mailer that records its mails, and that can hold them back like a slow mail server. */
function stubbornPost() {
  const letters: Letter[] = [];
  const pretended: string[] = [];
  const held: [Recipient, Message][] = [];
  let gate = Promise.resolve();
  const keep = async ({ email }: Recipient, message: Message) => {
    await gate;
    letters.push({ to: email, message });
  };
  return {
    letters,
    /** The kinds of mails that had no recipient. */
    pretended,
    /** No mail gets through until the returned function is called. */
    claim(): () => void {
      const { promise, resolve } = Promise.withResolvers<void>();
      gate = promise;
      return resolve;
    },
    post: {
      async send(to: Recipient, message: Message) {
        await keep(to, message);
        return 'accepted' as const;
      },
      queue: keep,
      async pretend({ kind }: Message) {
        await gate;
        pretended.push(kind);
      },
      async claim(to: Recipient, message: Message) {
        held.push([to, message]);
        return HELD;
      },
      async deliver() {
        for (const [to, message] of held.splice(0)) await keep(to, message);
        return 'accepted' as const;
      },
    },
  };
}
