import type { HostApp } from './app.ts';
import { type FetchReason, faultOf, reasonOf } from './fetch-fault.ts';

/** How long the app's address may take to answer, so that the page itself comes within five seconds. Milliseconds. */
const PATIENCE = 3000;

/** Asked for below the paths that the proxy passes on, with what a proxy might decode or drop. */
const PATH = '/probe?x=%C3%A9';

/** What can be seen from outside. */
export const PROBES = ['answers', 'guarded', 'passes', 'headers'] as const;
export type ProbeName = (typeof PROBES)[number];

/** `detail`: the status, or the error's code; technical. `reason`: what the code means, if it is a usual one. */
export interface Probe {
  readonly name: ProbeName;
  readonly result: 'yes' | 'no' | 'unknown';
  readonly detail?: string;
  readonly reason?: FetchReason;
}

interface ProbeServices {
  readonly fetch: typeof globalThis.fetch;
  /** Postern's own origin. */
  readonly baseUrl: string;
}

type Answer = { readonly status: number; readonly location: string } | { readonly fault: string };

/**
 * Looks at an app as a visitor who is not signed in: whether it answers, and whether its proxy asks Postern. Requests go to the
 * app's own origin alone; no redirect is followed, no body is read, and no secret is sent (SSRF).
 */
export class AppProbe {
  readonly #services: ProbeServices;

  constructor(services: ProbeServices) {
    this.#services = services;
  }

  async probe({ origin, host }: Pick<HostApp, 'origin' | 'host'>): Promise<readonly Probe[]> {
    const [page, start] = await Promise.all([
      this.#ask(`${origin}/`),
      this.#ask(`${origin}/.postern/start${PATH}`),
    ]);
    if ('fault' in page) {
      const rest = PROBES.slice(1).map((name) => ({ name, result: 'unknown' }) as const);
      return [{ name: 'answers', result: 'no', ...inDetail(page) }, ...rest];
    }
    const passes = !('fault' in start) && start.location.startsWith(`${this.#services.baseUrl}/apps/open?`);
    return [
      { name: 'answers', result: 'yes' },
      probeOf('guarded', page.location.startsWith(`${origin}/.postern/start/`), page),
      probeOf('passes', passes, start),
      passes ? headersOf(start.location, host) : { name: 'headers', result: 'unknown' },
    ];
  }

  async #ask(url: string): Promise<Answer> {
    try {
      const { status, headers, body } = await this.#services.fetch(url, {
        redirect: 'manual',
        signal: AbortSignal.timeout(PATIENCE),
        headers: { Accept: 'text/html', 'User-Agent': 'Postern' },
      });
      await body?.cancel();
      return { status, location: headers.get('location') ?? '' };
    } catch (error) {
      return { fault: faultOf(error) };
    }
  }
}

function probeOf(name: ProbeName, isSo: boolean, answer: Answer): Probe {
  return isSo ? { name, result: 'yes' } : { name, result: 'no', ...inDetail(answer) };
}

function inDetail(answer: Answer): Pick<Probe, 'detail' | 'reason'> {
  if (!('fault' in answer)) return { detail: String(answer.status) };
  const reason = reasonOf(answer.fault);
  return { detail: answer.fault, ...(reason && { reason }) };
}

/** Postern has been told host and path by the proxy; its redirect repeats them. */
function headersOf(location: string, host: string): Probe {
  const { searchParams } = new URL(location);
  const told = `${searchParams.get('host')}${searchParams.get('path')}`;
  return told === `${host}${PATH}`
    ? { name: 'headers', result: 'yes' }
    : { name: 'headers', result: 'no', detail: told };
}
