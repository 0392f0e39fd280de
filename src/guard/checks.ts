import type { IncomingHttpHeaders, IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { canBeMet } from '../apps/access.ts';
import type { Checked } from '../apps/app-sign-ins.ts';
import { type NamedRequest, named } from '../web/context.ts';
import { withoutQuery } from '../web/paths.ts';
import { allow, redirectToUrl, refuse } from './answers.ts';
import { type AppRequest, forwardedRequest, originalRequest, type Parsed } from './app-request.ts';
import type { Guard } from './guard.ts';

/** Paths that an app's proxy passes on to Postern. A check about one of them means that it does not. */
export const HAND_OVER_PATHS = '/.postern/';

/** What proxies ask, by its path. */
const CHECKS: ReadonlyMap<string | undefined, Question> = new Map([
  // For nginx, which knows 2xx, 401 and 403, and takes where to sign in from the Location of a 401.
  ['/guard/auth-request', { parse: originalRequest, redirect: 401 }],
  // For proxies that pass every answer but 2xx on to the browser.
  ['/guard/forward-auth', { parse: forwardedRequest, redirect: 303 }],
]);

interface Question {
  readonly parse: (headers: IncomingHttpHeaders) => Parsed<AppRequest>;
  /** The status that leads a page to the sign-in. */
  readonly redirect: 401 | 303;
}

/** A check that was answered. */
export interface AnsweredCheck {
  readonly requestId: string;
  readonly method: string;
  /** Without the query. */
  readonly path: string;
  readonly status: number;
  readonly milliseconds: number;
}

/**
 * Answers the checks of proxies, and passes every other request on to `site`. In front of Express, because each request to an app
 * is a check (decision 56). Whatever goes wrong is a 403 or a 503.
 *
 * @param answered called with each check, for the log
 */
export function checksBefore(
  site: RequestListener,
  guard: Guard,
  answered: (check: AnsweredCheck) => void,
): RequestListener {
  return (request, response) => {
    const { method = '', url = '' } = request;
    const path = pathOf(url);
    const question = method === 'GET' || method === 'HEAD' ? CHECKS.get(path) : undefined;
    if (!question) return site(request, response);
    const start = performance.now();
    const check = named(request);
    const report = () => {
      const { requestId } = check;
      const { statusCode: status } = response;
      answered({ requestId, method, path, status, milliseconds: performance.now() - start });
    };
    // A proxy takes a closed connection for an error, and nobody gets in.
    answerCheck(guard, check, response, question)
      .then(report)
      .catch(() => response.destroy());
  };
}

/** Also of a URL in absolute form (RFC 9112 §3.2.2). */
function pathOf(url: string): string {
  return url.startsWith('/') ? withoutQuery(url) : (URL.parse(url)?.pathname ?? '');
}

async function answerCheck(
  guard: Guard,
  request: NamedRequest,
  response: ServerResponse,
  { parse, redirect }: Question,
): Promise<void> {
  try {
    if (!guard.isKnownCaller(request)) return guard.unknownCaller(request, response);
    const parsed = parse(request.headers);
    if (!parsed.ok) return guard.malformed(request, response, parsed.header);
    const asked = parsed.value;
    if (asked.target.startsWith(HAND_OVER_PATHS)) return guard.notPassedOn(request, response, asked.host);
    const checked = await guard.check(asked.host, guard.cookies.app(request.headers.cookie));
    if (checked.kind === 'allowed') allow(response, checked.claims);
    else if (checked.kind === 'unknown host') guard.unknownHost(request, response, asked.host);
    else answerRefused(guard, request, response, { checked, asked, redirect });
  } catch (error) {
    guard.failed(error, request, response);
  }
}

interface RefusedCheck {
  readonly checked: Extract<Checked, { kind: 'signed out' | 'refused' }>;
  readonly asked: AppRequest;
  readonly redirect: 401 | 303;
}

/** Pages lead to the portal, which asks for what is missing or says why not. Anything else gets a status it understands. */
function answerRefused(
  { words }: Guard,
  request: IncomingMessage,
  response: ServerResponse,
  { checked, asked, redirect }: RefusedCheck,
): void {
  const location = `${checked.app.origin}${HAND_OVER_PATHS}start${asked.target}`;
  if (!asked.isNavigation) {
    const isFinal = checked.kind === 'refused' && !canBeMet(checked.refusal);
    if (isFinal) refuse(request, response, words, { status: 403, text: 'guard.refused' });
    else refuse(request, response, words, { status: 401, text: 'guard.sign-in' });
  } else if (redirect === 401) {
    const headers = ['Location', location];
    refuse(request, response, words, { status: 401, text: 'guard.sign-in', headers });
  } else redirectToUrl(response, location);
}
