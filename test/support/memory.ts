import { setImmediate as turn } from 'node:timers/promises';
import type { Link, LinkPurpose, LinkStore } from '../../src/accounts/links.ts';
import type { AuditFilter, AuditPage, AuditQuery, AuditStore } from '../../src/audit/audit.ts';
import type { AuditEvent } from '../../src/audit/event.ts';
import type { Binding, Challenge, ChallengeStore } from '../../src/codes/challenges.ts';
import { emailKey } from '../../src/kernel/email-address.ts';
import type { Instant } from '../../src/kernel/time.ts';
import type { BudgetStep, BudgetStore } from '../../src/limits/client-budget.ts';
import type { BackoffState, BackoffStore } from '../../src/limits/failure-backoff.ts';
import type { RateLimitState, RateLimitStore } from '../../src/limits/rate-limit.ts';
import { DEFAULT_SETTINGS, type Settings, type SettingsStore } from '../../src/settings/settings.ts';

/**
 * Stores in memory. Each call first waits for a turn of the event loop, like one over a network, and then does its work without
 * interruption: other calls can come between two calls of a caller, but not into what a store promises as one statement.
 */

export class MemoryThrottles implements BackoffStore {
  readonly #states = new Map<string, BackoffState>();
  readonly #forgetAt = new Map<string, Instant | null>();

  async read(subject: string): Promise<BackoffState> {
    await turn();
    return this.#state(subject);
  }

  async replace(
    subject: string,
    expected: BackoffState,
    next: BackoffState,
    forgetAt?: Instant | null,
  ): Promise<boolean> {
    await turn();
    const { failures, waitUntil } = this.#state(subject);
    if (failures !== expected.failures || waitUntil !== expected.waitUntil) return false;
    this.#states.set(subject, { ...next });
    if (forgetAt !== undefined) this.#forgetAt.set(subject, forgetAt);
    return true;
  }

  async remove(subject: string, failures: number): Promise<boolean> {
    await turn();
    return this.#state(subject).failures === failures && this.#states.delete(subject);
  }

  async reset(subjects: readonly string[]): Promise<void> {
    await turn();
    for (const subject of subjects) this.#states.delete(subject);
  }

  /** Removes what may be forgotten, as the clean-up does every hour. */
  forget(now: Instant): void {
    for (const [subject, at] of this.#forgetAt) if (at !== null && at <= now) this.#states.delete(subject);
  }

  #state(subject: string): BackoffState {
    return this.#states.get(subject) ?? { failures: 0, waitUntil: 0 };
  }
}

export class MemoryAllowances implements RateLimitStore {
  readonly #states = new Map<string, RateLimitState>();

  async read(subject: string): Promise<RateLimitState> {
    await turn();
    return this.#state(subject);
  }

  async replace(subject: string, expected: number, times: readonly Instant[]): Promise<boolean> {
    await turn();
    if (this.#state(subject).version !== expected) return false;
    this.#states.set(subject, { version: expected + 1, times: [...times] });
    return true;
  }

  #state(subject: string): RateLimitState {
    return this.#states.get(subject) ?? { version: 0, times: [] };
  }
}

export class MemoryBudgets implements BudgetStore {
  readonly #rows = new Map<string, { fullAt: Instant; waitUntil: Instant }>();

  async count({ subject, now, interval, furthest, latestWait, waits }: BudgetStep): Promise<boolean> {
    await turn();
    const row = this.#rows.get(subject);
    if (!row || (row.waitUntil > now && row.waitUntil <= latestWait)) return false;
    const wait = waits.find(({ from }) => row.fullAt >= from);
    row.waitUntil = wait?.until ?? (row.waitUntil > now ? 0 : row.waitUntil);
    row.fullAt = Math.min(Math.max(row.fullAt, now) + interval, furthest);
    return true;
  }

  async begin(subject: string, fullAt: Instant): Promise<boolean> {
    await turn();
    if (this.#rows.has(subject)) return false;
    this.#rows.set(subject, { fullAt, waitUntil: 0 });
    return true;
  }

  async waitUntil(subject: string): Promise<Instant | undefined> {
    await turn();
    return this.#rows.get(subject)?.waitUntil;
  }

  async giveBack(subject: string, milliseconds: number, below: Instant): Promise<void> {
    await turn();
    const row = this.#rows.get(subject);
    if (!row) return;
    row.fullAt -= milliseconds;
    if (row.fullAt < below) row.waitUntil = 0;
  }
}

export class MemoryChallenges implements ChallengeStore {
  readonly #challenges = new Map<string, { readonly accountId: string; readonly challenge: Challenge }>();

  async find(binding: Binding): Promise<Challenge | undefined> {
    await turn();
    return this.#challenges.get(placeOf(binding))?.challenge;
  }

  async replace(
    binding: Binding,
    challenge: Challenge,
    carried: { readonly now: Instant; readonly most: number },
  ): Promise<void> {
    await turn();
    const earlier = this.#challenges.get(placeOf(binding))?.challenge;
    const isLive = earlier?.usedAt === null && earlier.expiresAt > carried.now;
    const tries = isLive ? Math.min(earlier.tries, carried.most) : challenge.tries;
    this.#challenges.set(placeOf(binding), {
      accountId: binding.accountId,
      challenge: { ...challenge, tries },
    });
  }

  async takeTry(id: string, now: Instant, most: number): Promise<boolean> {
    await turn();
    return this.#change(id, (challenge) => {
      const isLive = challenge.usedAt === null && challenge.expiresAt > now && challenge.tries < most;
      return isLive ? { ...challenge, tries: challenge.tries + 1 } : undefined;
    });
  }

  async consume(id: string, now: Instant): Promise<boolean> {
    await turn();
    return this.#change(id, (challenge) => {
      const isLive = challenge.usedAt === null && challenge.expiresAt > now;
      return isLive ? { ...challenge, usedAt: now } : undefined;
    });
  }

  /** For a two-factor reset, after which no code of the account is valid. */
  dropFor(accountId: string): void {
    for (const [place, kept] of this.#challenges) {
      if (kept.accountId === accountId) this.#challenges.delete(place);
    }
  }

  #change(id: string, change: (challenge: Challenge) => Challenge | undefined): boolean {
    for (const [place, { accountId, challenge }] of this.#challenges) {
      const changed = challenge.id === id ? change(challenge) : undefined;
      if (!changed) continue;
      this.#challenges.set(place, { accountId, challenge: changed });
      return true;
    }
    return false;
  }
}

function placeOf({ accountId, purpose, browser }: Binding): string {
  return JSON.stringify([accountId, purpose, browser]);
}

export class MemoryLinks implements LinkStore {
  #kept: { readonly link: Link; readonly tokenHash: string; readonly isSpent: boolean }[] = [];

  async replace(link: Link, tokenHash: string): Promise<void> {
    await turn();
    this.#kept = [
      ...this.#kept.filter((kept) => !isSamePlace(kept.link, link)),
      { link, tokenHash, isSpent: false },
    ];
  }

  async findLive(purpose: LinkPurpose, tokenHash: string, now: Instant): Promise<Link | undefined> {
    await turn();
    const kept = this.#kept.find((candidate) => candidate.tokenHash === tokenHash);
    return kept && !kept.isSpent && kept.link.purpose === purpose && kept.link.expiresAt > now
      ? kept.link
      : undefined;
  }

  async hasLive(purpose: LinkPurpose, accountId: string, now: Instant): Promise<boolean> {
    await turn();
    return this.#kept.some(
      ({ link, isSpent }) =>
        link.purpose === purpose && link.accountId === accountId && !isSpent && link.expiresAt > now,
    );
  }

  async spend(id: string, now: Instant): Promise<boolean> {
    await turn();
    const index = this.#kept.findIndex(
      ({ link, isSpent }) => link.id === id && !isSpent && link.expiresAt > now,
    );
    const kept = this.#kept[index];
    if (!kept) return false;
    this.#kept = this.#kept.with(index, { ...kept, isSpent: true });
    return true;
  }

  async dropFor(accountId: string): Promise<void> {
    await turn();
    this.#kept = this.#kept.filter(({ link }) => link.accountId !== accountId);
  }
}

function isSamePlace(one: Link, other: Link): boolean {
  const address = ({ email }: Link) => (email === null ? null : emailKey(email));
  return (
    one.purpose === other.purpose && one.accountId === other.accountId && address(one) === address(other)
  );
}

export class MemoryAudit implements AuditStore {
  readonly #events: AuditEvent[] = [];

  /** The recorded events, oldest first. */
  get events(): readonly AuditEvent[] {
    return this.#events;
  }

  async append(events: readonly AuditEvent[]): Promise<void> {
    await turn();
    this.#events.push(...events);
  }

  /** Newest first. */
  async search({ page, pageSize, ...filter }: AuditQuery): Promise<AuditPage> {
    await turn();
    const matching = this.#fitting(filter);
    const events = matching.slice((page - 1) * pageSize, page * pageSize);
    return { events, total: matching.length, isMore: false };
  }

  async *each(filter: AuditFilter): AsyncIterable<AuditEvent> {
    await turn();
    yield* this.#fitting(filter);
  }

  async countBefore(moment: Instant): Promise<number> {
    await turn();
    return this.#events.filter(({ at }) => at < moment).length;
  }

  async removeBefore(moment: Instant): Promise<number> {
    await turn();
    const kept = this.#events.filter(({ at }) => at >= moment);
    return this.#events.splice(0, this.#events.length, ...kept).length - kept.length;
  }

  #fitting({ event, person, from, to }: AuditFilter): AuditEvent[] {
    const part = person?.toLowerCase() ?? '';
    const matching = this.#events.filter(
      (candidate) =>
        (event === undefined || candidate.event === event) &&
        (from === undefined || candidate.at >= from) &&
        (to === undefined || candidate.at < to) &&
        [candidate.actorLabel, candidate.subjectLabel].some((label) => label.toLowerCase().includes(part)),
    );
    return matching.reverse();
  }
}

export class MemorySettings implements SettingsStore {
  #settings: Settings;

  constructor(settings: Partial<Settings> = {}) {
    this.#settings = { ...DEFAULT_SETTINGS, ...settings };
  }

  async read(): Promise<Settings> {
    await turn();
    return this.#settings;
  }

  async recent(): Promise<Settings> {
    return this.read();
  }

  async change(changes: Partial<Settings>): Promise<Settings> {
    await turn();
    this.#settings = { ...this.#settings, ...changes };
    return this.#settings;
  }
}
