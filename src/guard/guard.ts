import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Logger } from 'pino';
import type { AppSignIns, Checked } from '../apps/app-sign-ins.ts';
import type { HandOvers, PresentedHandOver, Redeemed } from '../apps/hand-overs.ts';
import type { Origin } from '../audit/audit.ts';
import type { Words } from '../kernel/i18n.ts';
import { type Clock, seconds } from '../kernel/time.ts';
import { withTimeout } from '../kernel/with-timeout.ts';
import { connectionAddress } from '../web/client-address.ts';
import type { NamedRequest } from '../web/context.ts';
import { refuse } from './answers.ts';
import { type CallerRules, knownCallers } from './callers.ts';
import { ProxyFaults } from './faults.ts';
import { GuardCookies } from './guard-cookies.ts';

export interface GuardServices {
  readonly site: { readonly baseUrl: string; readonly guard: CallerRules };
  readonly appSignIns: Pick<AppSignIns, 'check'>;
  readonly handOvers: Pick<HandOvers, 'redeem'>;
  readonly words: Words;
  readonly logger: Logger;
  readonly clock: Clock;
}

/** A proxy gives up after some seconds; before that, the answer is 503. Milliseconds. */
const PATIENCE = seconds(4);

/** What the guard's paths have in common. Everything that is not allowed is refused here, and the operator is told why. */
export class Guard {
  readonly portal: string;
  readonly words: Words;
  readonly cookies: GuardCookies;
  readonly isKnownCaller: (request: IncomingMessage) => boolean;
  readonly #services: GuardServices;
  readonly #faults: ProxyFaults;

  constructor(services: GuardServices) {
    const { site, words } = services;
    this.#services = services;
    this.#faults = new ProxyFaults(services);
    this.portal = site.baseUrl;
    this.words = words;
    this.cookies = new GuardCookies(site.baseUrl.startsWith('https:'));
    this.isKnownCaller = knownCallers(site.guard);
  }

  /** Rejects if the database is down or silent. */
  check(host: string, cookie: string | undefined): Promise<Checked> {
    return inTime(this.#services.appSignIns.check(host, cookie));
  }

  /** Rejects if the database is down or silent. */
  redeem(presented: PresentedHandOver, origin: Origin): Promise<Redeemed> {
    return inTime(this.#services.handOvers.redeem(presented, origin));
  }

  /** An error is never an answer that lets somebody in: 503. */
  failed(error: unknown, request: NamedRequest, response: ServerResponse): void {
    this.#services.logger.error({ err: error, requestId: request.requestId }, 'request failed');
    if (response.headersSent) return void response.destroy();
    const retryAfter = ['Retry-After', '10'];
    refuse(request, response, this.words, { status: 503, text: 'guard.down', headers: retryAfter });
  }

  unknownCaller(request: NamedRequest, response: ServerResponse): void {
    const { proxies, token } = this.#services.site.guard;
    const isOff = proxies.length === 0 && token === undefined;
    this.#refuse(
      request,
      response,
      isOff
        ? 'refused a check: set GUARD_PROXIES or GUARD_TOKEN to say which proxies may ask'
        : 'refused a check: the caller is not in GUARD_PROXIES and has not sent GUARD_TOKEN',
      { address: connectionAddress(request) },
    );
  }

  malformed(request: NamedRequest, response: ServerResponse, header: string): void {
    this.#refuse(request, response, 'refused a check: a header is missing, given twice or malformed', {
      header,
    });
  }

  unknownHost(request: NamedRequest, response: ServerResponse, host: string): void {
    this.#refuse(request, response, 'refused a check: no app has this host', { host });
  }

  notPassedOn(request: NamedRequest, response: ServerResponse, host: string): void {
    this.#refuse(
      request,
      response,
      'refused a check: the proxy has to pass /.postern/ on to Postern unchecked',
      {
        host,
      },
    );
  }

  goesInCircles(request: NamedRequest, response: ServerResponse, host: string): void {
    this.#refuse(
      request,
      response,
      'stopped a redirect loop: the proxy sends no Cookie header with its checks',
      {
        host,
      },
    );
  }

  #refuse(
    request: NamedRequest,
    response: ServerResponse,
    fault: string,
    facts: Readonly<Record<string, unknown>>,
  ): void {
    this.#faults.report(fault, { requestId: request.requestId, ...facts });
    refuse(request, response, this.words, { status: 403, text: 'guard.refused' });
  }
}

function inTime<T>(work: Promise<T>): Promise<T> {
  return withTimeout(work, PATIENCE, () => {
    throw new Error('The database has not answered in time.');
  });
}
