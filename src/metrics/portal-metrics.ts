import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import type { HashingQueue } from '../accounts/hashing-queue.ts';
import type { CheckOutcome } from '../apps/app-sign-ins.ts';
import type { HandOverOutcome } from '../apps/hand-overs.ts';
import type { LogoutOutcome, LogoutStore } from '../apps/logouts.ts';
import type { AuthorizationOutcome, TokenOutcome } from '../apps/oidc-outcomes.ts';
import type { SignedOutcomeName } from '../apps/signed-hand-overs.ts';
import type { AuditEvent } from '../audit/event.ts';
import { DEPENDENCIES, type Dependency } from '../kernel/dependencies.ts';
import { type Clock, seconds } from '../kernel/time.ts';
import type { MailDispatcher } from '../mail/letter.ts';
import { LATE, type MailStore } from '../mail/mail.ts';
import type { MethodId } from '../settings/method-ids.ts';
import { COUNTERS, type CounterName, countsOf, inLabel } from './counters.ts';
import type { Exposition, MeasuredRequest, Measures } from './measures.ts';

/** Bounds of the buckets in seconds. People notice 0.1 and 1; after 5 every page has answered, even in an outage. */
const BUCKETS = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5];

interface MetricsServices {
  /** Read at each scrape. */
  readonly mails: Pick<MailStore, 'depth'>;
  readonly logouts: Pick<LogoutStore, 'depth'>;
  readonly hashing: Pick<HashingQueue, 'load'>;
  readonly clock: Clock;
}

/** The portal's metrics in the format of Prometheus. Each instance counts for itself. */
export class PortalMetrics implements Measures {
  readonly #services: MetricsServices;
  readonly #registry = new Registry();
  readonly #counters = new Map<CounterName, Counter>();
  readonly #requests: Histogram<'route' | 'method' | 'status'>;
  readonly #up: Gauge<'part'>;
  readonly #mails: Gauge<'state'>;
  readonly #oldestMail: Gauge;
  readonly #logouts: Gauge<'state'>;
  readonly #hashes: Gauge<'state'>;

  constructor(services: MetricsServices) {
    this.#services = services;
    const registers = [this.#registry];
    collectDefaultMetrics({ register: this.#registry });
    for (const [name, { help, labels }] of Object.entries(COUNTERS) as [CounterName, CounterShape][]) {
      const counter = new Counter({
        ...{ name: `postern_${name}_total`, help, registers },
        labelNames: Object.keys(labels),
      });
      // Series begin at zero: otherwise the first failure would be no increase.
      for (const combination of combinationsOf(labels)) counter.inc(combination, 0);
      this.#counters.set(name, counter);
    }
    this.#requests = new Histogram({
      name: 'postern_request_seconds',
      help: 'How long requests take, by the pattern of the page that answers.',
      labelNames: ['route', 'method', 'status'],
      ...{ buckets: BUCKETS, registers },
    });
    const gauge = <Label extends string>(name: string, help: string, labelNames: Label[]) =>
      new Gauge<Label>({ name: `postern_${name}`, help, labelNames, registers });
    this.#up = gauge('part_up', 'Whether the part answers.', ['part']);
    this.#mails = gauge('mail_queue', 'Mails that wait; "late" are those that have for 15 minutes.', [
      'state',
    ]);
    this.#logouts = gauge(
      'logout_queue',
      'Sign-outs that apps have to be told of; "late" since 15 minutes.',
      ['state'],
    );
    this.#hashes = gauge('hashes', 'Passwords and recovery codes that are being hashed, or wait for it.', [
      'state',
    ]);
    this.#oldestMail = gauge('mail_queue_oldest_seconds', 'How long the oldest of them has waited.', []);
  }

  request({ route, method, status, milliseconds }: MeasuredRequest): void {
    const labels = { route, method: methodLabel(method), status: `${Math.floor(status / 100)}xx` };
    this.#requests.observe(labels, milliseconds / seconds(1));
  }

  recorded(event: AuditEvent): void {
    for (const { counter, labels } of countsOf(event)) this.#count(counter, labels);
  }

  /** Counts a right code of this method. */
  proven(method: MethodId): void {
    this.#count('second_steps', { method, outcome: 'accepted' });
  }

  /** Counts an authorization request of OpenID Connect. */
  authorized(outcome: AuthorizationOutcome): void {
    this.#count('authorizations', { outcome: inLabel(outcome) });
  }

  /** Counts a request for tokens. */
  tokensAsked(outcome: TokenOutcome): void {
    this.#count('token_requests', { outcome: inLabel(outcome) });
  }

  /** Counts a check of an app. */
  checked(outcome: CheckOutcome): void {
    this.#count('app_checks', { outcome: inLabel(outcome) });
  }

  /** Counts a step of a hand-over. */
  handedOver(outcome: HandOverOutcome): void {
    this.#count('hand_overs', { outcome: inLabel(outcome) });
  }

  /** Counts a signed hand-over. */
  signed(outcome: SignedOutcomeName): void {
    this.#count('signed_hand_overs', { outcome: inLabel(outcome) });
  }

  /** Counts a try to tell an app that a sign-in has ended. */
  toldOfLogout(outcome: LogoutOutcome): void {
    this.#count('logouts', { outcome: inLabel(outcome) });
  }

  /** The dispatcher, with its tries counted. */
  watching(dispatcher: MailDispatcher): MailDispatcher {
    return {
      ...dispatcher,
      dispatch: async (letter, kind) => {
        const result = await dispatcher.dispatch(letter, kind);
        const outcome = result.kind === 'unconfirmed' ? 'failed' : result.kind;
        this.#count('mail_tries', { mail: kind === 'code' ? 'code' : 'other', outcome });
        return result;
      },
    };
  }

  failed(part: Dependency): void {
    this.#count('part_failures', { part });
  }

  async read(missing: readonly Dependency[]): Promise<Exposition> {
    for (const part of DEPENDENCIES) this.#up.set({ part }, Number(!missing.includes(part)));
    this.#readHashes();
    await this.#readQueues(!missing.includes('database'));
    return { type: this.#registry.contentType, text: await this.#registry.metrics() };
  }

  #readHashes(): void {
    const { running, waiting, refused } = this.#services.hashing.load;
    this.#hashes.set({ state: 'running' }, running);
    this.#hashes.set({ state: 'waiting' }, waiting);
    // The queue is read from the database.
    const counter = this.#counters.get('hashes_refused');
    counter?.reset();
    counter?.inc(refused);
  }

  /** While the depth of a queue cannot be read, the series is left out: zero or the last value would be wrong. */
  async #readQueues(canTell: boolean): Promise<void> {
    this.#mails.reset();
    this.#logouts.reset();
    this.#oldestMail.remove();
    if (!canTell) return;
    const { mails, logouts, clock } = this.#services;
    const { waiting, late, oldest } = await mails.depth(clock() - LATE);
    this.#mails.set({ state: 'waiting' }, waiting);
    this.#mails.set({ state: 'late' }, late);
    const untold = await logouts.depth(clock());
    this.#logouts.set({ state: 'waiting' }, untold.waiting);
    this.#logouts.set({ state: 'late' }, untold.late);
    this.#oldestMail.set(oldest === undefined ? 0 : (clock() - oldest) / seconds(1));
  }

  #count(name: CounterName, labels: Readonly<Record<string, string>>): void {
    this.#counters.get(name)?.inc(labels);
  }
}

interface CounterShape {
  readonly help: string;
  readonly labels: Readonly<Record<string, readonly string[]>>;
}

/** Every combination of the labels' values. */
function combinationsOf(labels: CounterShape['labels']): readonly Readonly<Record<string, string>>[] {
  return Object.entries(labels).reduce<readonly Readonly<Record<string, string>>[]>(
    (combinations, [label, values]) =>
      combinations.flatMap((one) => values.map((value) => ({ ...one, [label]: value }))),
    [{}],
  );
}

/** The method of a request is whatever the client sends. */
function methodLabel(method: string): string {
  return ['GET', 'HEAD', 'POST'].includes(method) ? method : 'other';
}
