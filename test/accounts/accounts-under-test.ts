import type { Account } from '../../src/accounts/account.ts';
import { Credentials } from '../../src/accounts/credentials.ts';
import { Links } from '../../src/accounts/links.ts';
import { PasswordSignIn } from '../../src/accounts/password-sign-in.ts';
import { Registration } from '../../src/accounts/registration.ts';
import { type Actor, Audit } from '../../src/audit/audit.ts';
import { Allowance } from '../../src/limits/allowance.ts';
import { Throttle } from '../../src/limits/throttle.ts';
import { Background } from '../../src/post/background.ts';
import type { ClaimedMail } from '../../src/post/mail.ts';
import { Notices } from '../../src/post/notices.ts';
import type { Message, Recipient } from '../../src/post/post.ts';
import { KnexAccounts } from '../../src/storage/accounts.ts';
import { KnexLinkStore } from '../../src/storage/links.ts';
import { ManualClock } from '../support/clock.ts';
import { SQLITE, useDatabase } from '../support/databases.ts';
import { MemoryAllowances, MemoryAudit, MemorySettings, MemoryThrottles } from '../support/memory.ts';

export const PASSWORD = 'seventeen green herons';
export const ORIGIN = { requestId: 'request', address: '192.0.2.7', browser: 'Lynx' };
export const OPERATOR: Actor = { party: { id: null, label: 'test' }, origin: ORIGIN };

interface Letter {
  readonly to: string;
  readonly message: Message;
}

/** Within a `describe`: the domain of accounts over SQLite; each call makes it anew over the same tables. */
export function useAccounts() {
  const database = useDatabase(SQLITE);
  return () => domainOver(new KnexAccounts(database()), new KnexLinkStore(database()));
}

function domainOver(accounts: KnexAccounts, linkStore: KnexLinkStore) {
  const clock = new ManualClock();
  const events = new MemoryAudit();
  const atomically = <T>(work: () => Promise<T>) => work();
  const audit = new Audit(events, clock.read, atomically);
  const throttle = new Throttle(new MemoryThrottles(), clock.read);
  const failures: unknown[] = [];
  const background = new Background((error) => failures.push(error));
  const { post, letters, hold } = stubbornPost();
  const shared = {
    accounts,
    audit,
    throttle,
    background,
    post,
    links: new Links(linkStore, clock.read),
    allowance: new Allowance(new MemoryAllowances(), clock.read),
    notices: new Notices(post, clock.read),
    settings: new MemorySettings(),
    atomically,
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
    hold,
    registration,
    credentials: new Credentials(shared),
    passwordSignIn: new PasswordSignIn(accounts, throttle, audit),
    /** Creates an account with `PASSWORD`. */
    async account(email: string): Promise<Account> {
      const created = await registration.create({ email, name: 'Ann' }, 'member', PASSWORD, OPERATOR);
      if (!created) throw new Error(`${email} has an account already.`);
      return created;
    },
  };
}

/** What stands for a mail that is held: this post knows which it is. */
const HELD: ClaimedMail = {
  mail: {
    ...{ id: '', accountId: null, address: '', kind: '', createdAt: 0, state: 'waiting', tries: 1 },
    ...{ dueAt: 0, expiresAt: 0, settledAt: null, fault: null },
  },
  letter: { key: '', nonce: '', text: '', tag: '' },
};

/** A post that keeps what it is given, and that can be made to hold on to it, as a mail server that is slow. */
function stubbornPost() {
  const letters: Letter[] = [];
  const held: [Recipient, Message][] = [];
  let gate = Promise.resolve();
  const keep = async ({ email }: Recipient, message: Message) => {
    await gate;
    letters.push({ to: email, message });
  };
  return {
    letters,
    /** Nothing gets through until the function that comes back is called. */
    hold(): () => void {
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
      async hold(to: Recipient, message: Message) {
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
