import { setImmediate as turn } from 'node:timers/promises';
import type { Account } from '../../src/accounts/account.ts';
import { type Actor, Audit } from '../../src/audit/audit.ts';
import { Attempts } from '../../src/codes/attempts.ts';
import { Challenges } from '../../src/codes/challenges.ts';
import { MailedCodes } from '../../src/codes/mailed-codes.ts';
import { Keyring } from '../../src/kernel/keyring.ts';
import { systemRandom } from '../../src/kernel/random.ts';
import type { Instant } from '../../src/kernel/time.ts';
import { FailureBackoff } from '../../src/limits/failure-backoff.ts';
import { RateLimit } from '../../src/limits/rate-limit.ts';
import type { Dispatch, Mailer } from '../../src/mail/mailer.ts';
import type { Message } from '../../src/mail/message.ts';
import { Notices } from '../../src/mail/notices.ts';
import type { MethodId } from '../../src/settings/method-ids.ts';
import {
  type Authenticator,
  type Authenticators,
  type NewAuthenticator,
  nameKey,
} from '../../src/two-factor/authenticator.ts';
import { Enrolments } from '../../src/two-factor/authenticator-enrolments.ts';
import type { EnrolmentContext, ProofContext } from '../../src/two-factor/method.ts';
import type { TotpStepStore } from '../../src/two-factor/methods/app/app-method.ts';
import { allMethods } from '../../src/two-factor/methods/registry.ts';
import {
  type RecoveryCodeStore,
  RecoveryCodes,
  type StoredRecoveryCode,
} from '../../src/two-factor/recovery-codes.ts';
import { SecondStep } from '../../src/two-factor/second-step.ts';
import { ManualClock } from '../support/clock.ts';
import { MemoryAllowances, MemoryAudit, MemoryChallenges, MemoryThrottles } from '../support/memory.ts';
import { QUICK_HASHER } from '../support/password-hashing.ts';
import { transact } from '../support/transact.ts';

const ORIGIN = { requestId: 'request', address: '192.0.2.7', browser: 'Lynx' };

/** A person with an account and nothing else. */
export function accountOf(id: string): Account {
  return {
    ...{ id, email: `${id}@example.org`, name: id, locale: null, knownLanguage: null, passwordHash: 'hash' },
    ...{ role: 'member', disabledAt: null, sessionEpoch: 0, suggestedAt: null, createdAt: 0 },
    ...{ lastSignInAt: null, enforcement: null, resetByMailAt: null, factorRemovedAt: null },
    ...{ approvesFrom: null, emailConfirmedAt: null },
  };
}

export function actorOf({ id, email }: Account): Actor {
  return { party: { id, label: email }, origin: ORIGIN };
}

export function enrolmentContext(
  account: Account,
  existing: readonly Authenticator[] = [],
  changes: Partial<EnrolmentContext> = {},
): EnrolmentContext {
  return {
    ...{ account, existing, proven: true, siteName: 'Help Center', replacedId: undefined },
    ...{ browser: 'browser one', actor: actorOf(account) },
    ...changes,
  };
}

export function proofContext(account: Account, changes: Partial<ProofContext> = {}): ProofContext {
  return { account, purpose: 'sign-in', browser: 'browser one', actor: actorOf(account), ...changes };
}

/** The domain of two-factor on stores in memory, without a database or a mail server. */
export function twoFactor(methodsOf = allMethods) {
  const clock = new ManualClock();
  const secrets = ['the first secret of these tests, long'];
  const keyring = new Keyring(() => [...secrets]);
  const events = new MemoryAudit();
  const audit = new Audit({ store: events, clock: clock.read, transaction: transact });
  const throttle = new FailureBackoff(new MemoryThrottles(), clock.read);
  const rateLimit = new RateLimit(new MemoryAllowances(), clock.read);
  const post = new MemoryPost();
  const notices = new Notices(post, clock.read);
  const attempts = new Attempts({ throttle, audit, transaction: transact });
  const challenges = new Challenges({
    ...{ store: new MemoryChallenges(), keyring, random: systemRandom, clock: clock.read },
  });
  const codes = new MailedCodes({
    challenges,
    rateLimit,
    post,
    audit,
    report: (error) => Promise.reject(error),
  });
  const authenticators = new MemoryAuthenticators();
  const totpSteps = new MemoryTotpSteps();
  const methods = methodsOf({ keyring, totpSteps, codes, clock: clock.read });
  const proven: MethodId[] = [];
  const confirmed: string[] = [];
  const shared = {
    ...{ authenticators, attempts, audit, notices, methods, clock: clock.read, random: systemRandom },
    passwordHasher: QUICK_HASHER,
    accounts: { confirmEmail: async (_id: string, email: string) => void confirmed.push(email) },
    transaction: transact,
  };
  const recoveryStore = new MemoryRecoveryCodes();
  return {
    ...{ clock, secrets, keyring, events, post, attempts, codes, authenticators, totpSteps, methods, proven },
    confirmed,
    enrolments: new Enrolments(shared),
    secondStep: new SecondStep({ ...shared, proven: (method) => proven.push(method) }),
    recoveryCodes: new RecoveryCodes({ ...shared, store: recoveryStore }),
    /** Makes this the newest key; the older ones still open what they sealed. */
    rotateKeys(): void {
      secrets.unshift(`secret number ${secrets.length + 1} of these tests, long`);
      keyring.reload();
    },
    /** Leaves only the newest key. */
    forgetOldKeys(): void {
      secrets.splice(1);
      keyring.reload();
    },
    eventNames: () => events.events.map(({ event }) => event),
  };
}

export type TwoFactor = ReturnType<typeof twoFactor>;

/** A mailer that records its mails. */
export class MemoryPost implements Mailer {
  readonly sent: { readonly to: string; readonly message: Message }[] = [];
  answer: Dispatch = 'accepted';

  async send({ email }: { readonly email: string }, message: Message): Promise<Dispatch> {
    await turn();
    if (this.answer === 'accepted') this.sent.push({ to: email, message });
    return this.answer;
  }

  async queue({ email }: { readonly email: string }, message: Message): Promise<void> {
    await turn();
    this.sent.push({ to: email, message });
  }

  async pretend(): Promise<void> {}

  async claim(): Promise<never> {
    throw new Error('Nothing here claims a mail.');
  }

  async deliver(): Promise<never> {
    throw new Error('Nothing here delivers a claimed mail.');
  }

  /** The code in the newest mail to this address. */
  code(email: string): string {
    const found = this.sent.findLast(({ to, message }) => to === email && message.kind === 'code');
    if (found?.message.kind !== 'code') throw new Error(`No code went to ${email}.`);
    return found.message.code;
  }

  /** The names of the notices to this address, oldest first. */
  notices(email: string): string[] {
    return this.sent.flatMap(({ to, message }) =>
      to === email && message.kind === 'notice' ? [message.notice] : [],
    );
  }
}

export class MemoryTotpSteps implements TotpStepStore {
  readonly #last = new Map<string, number>();

  async consume(authenticatorId: string, step: number): Promise<boolean> {
    await turn();
    if ((this.#last.get(authenticatorId) ?? 0) >= step) return false;
    this.#last.set(authenticatorId, step);
    return true;
  }
}

export class MemoryAuthenticators implements Authenticators {
  #kept: readonly Authenticator[] = [];

  async of(accountId: string): Promise<readonly Authenticator[]> {
    await turn();
    return this.#kept.filter((one) => one.accountId === accountId);
  }

  async create(authenticator: NewAuthenticator): Promise<boolean> {
    await turn();
    return this.#add(authenticator);
  }

  async createFirst(authenticator: NewAuthenticator): Promise<boolean> {
    await turn();
    const isFirst = this.#kept.every(({ accountId }) => accountId !== authenticator.accountId);
    return isFirst && this.#add(authenticator);
  }

  async replace(authenticator: NewAuthenticator, replacedId: string) {
    await turn();
    const before = this.#kept;
    if (!this.#drop(replacedId)) return 'gone' as const;
    if (this.#add(authenticator)) return 'replaced' as const;
    this.#kept = before;
    return 'name taken' as const;
  }

  async prefer(_accountId: string, id: string, at: Instant): Promise<void> {
    await this.#change(id, { preferredAt: at });
  }

  async rename(_accountId: string, id: string, name: string): Promise<boolean> {
    await this.#change(id, { name });
    return true;
  }

  async remove(_accountId: string, id: string): Promise<boolean> {
    await turn();
    return this.#drop(id);
  }

  async reset(accountId: string): Promise<number> {
    const own = await this.of(accountId);
    for (const { id } of own) this.#drop(id);
    return own.length;
  }

  async recordUse(id: string, at: Instant): Promise<void> {
    await this.#change(id, { lastUsedAt: at });
  }

  async block(id: string, at: Instant): Promise<void> {
    await this.#change(id, { blockedAt: at });
  }

  async unblock(accountId: string): Promise<void> {
    for (const { id } of await this.of(accountId)) await this.#change(id, { blockedAt: null });
  }

  async *eachOf(method: MethodId): AsyncIterable<Authenticator> {
    yield* this.#kept.filter((one) => one.method === method);
  }

  async replaceData(id: string, from: unknown, to: unknown): Promise<boolean> {
    const found = this.#kept.find((one) => one.id === id);
    if (JSON.stringify(found?.data) !== JSON.stringify(from)) return false;
    await this.#change(id, { data: to });
    return true;
  }

  #add(authenticator: NewAuthenticator): boolean {
    const isSame = ({ accountId, name }: Authenticator) =>
      accountId === authenticator.accountId && nameKey(name) === nameKey(authenticator.name);
    if (this.#kept.some(isSame)) return false;
    // As the database stores it: data is JSON.
    const data: unknown = JSON.parse(JSON.stringify(authenticator.data));
    this.#kept = [
      ...this.#kept,
      { ...authenticator, data, lastUsedAt: null, blockedAt: null, preferredAt: null },
    ];
    return true;
  }

  #drop(id: string): boolean {
    const before = this.#kept.length;
    this.#kept = this.#kept.filter((one) => one.id !== id);
    return this.#kept.length < before;
  }

  async #change(id: string, changes: Partial<Authenticator>): Promise<void> {
    await turn();
    this.#kept = this.#kept.map((one) => (one.id === id ? { ...one, ...changes } : one));
  }
}

export class MemoryRecoveryCodes implements RecoveryCodeStore {
  readonly #sets = new Map<string, { readonly salt: string; hashes: readonly string[] }>();

  async replace(accountId: string, salt: string, codes: readonly StoredRecoveryCode[]): Promise<void> {
    await turn();
    this.#sets.set(accountId, { salt, hashes: codes.map(({ codeHash }) => codeHash) });
  }

  async salt(accountId: string): Promise<string | undefined> {
    await turn();
    return this.#sets.get(accountId)?.salt;
  }

  async consume(accountId: string, codeHash: string): Promise<boolean> {
    await turn();
    const set = this.#sets.get(accountId);
    if (!set?.hashes.includes(codeHash)) return false;
    set.hashes = set.hashes.filter((hash) => hash !== codeHash);
    return true;
  }

  async left(accountId: string): Promise<number> {
    await turn();
    return this.#sets.get(accountId)?.hashes.length ?? 0;
  }
}
