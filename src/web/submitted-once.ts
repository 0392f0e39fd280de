import { gunzipSync, gzipSync } from 'node:zlib';
import type { Request, RequestHandler, Response } from 'express';
import { z } from 'zod';
import type { Arrival, FirstArrival, Submissions } from '../limits/submissions.ts';
import { subjectOf } from '../sign-in/session-state.ts';
import { type AuthServices, resolveAuth } from './auth-state.ts';
import { type ContextServices, reloadContext } from './context.ts';
import { cookieNamed } from './cookies.ts';
import { CsrfRefused, carriesToken, tokenOf } from './csrf.ts';
import { adoptSession, leaveSession, readState, reloadSession, sessionCookieName } from './session.ts';

declare global {
  namespace Express {
    interface Request {
      /** The form had arrived before: it got the same response, and nothing was done. */
      repeated?: boolean;
    }
  }
}

interface SubmissionServices extends ContextServices, AuthServices {
  readonly submissions: Submissions;
  readonly site: { readonly baseUrl: string };
}

/** After ten seconds, the first arrival of the same form has no response yet. */
export class StillWorking extends Error {}

const MOST_ATTEMPTS = 3;

/** Headers of a response that are stored; all others are the same for every response. */
const ANSWER_HEADERS = [
  // A page on the way to an app has its forms allowed to redirect there.
  'content-security-policy',
  'location',
  'set-cookie',
  'content-type',
  'content-language',
  'content-disposition',
  'clear-site-data',
  'retry-after',
  'allow',
] as const;

const storedAnswer = z.object({
  status: z.number(),
  headers: z.record(z.string(), z.union([z.string(), z.array(z.string())])),
  /** gzip, base64; "" for none. */
  body: z.string(),
  /** The session after the response, and its account; undefined if it ended. */
  session: z.object({ id: z.string(), speaksFor: z.string() }).optional(),
});
type StoredAnswer = z.infer<typeof storedAnswer>;

/**
 * A form that arrives twice counts once. Causes: a second click, a tremor, a slow line. The browser drops the first answer, so
 * the second request gets the same one, session cookie included.
 *
 * Only for forms with a token of their session, which differs on each rendered page: a page that is opened again makes
 * another form. Goes after the parser of bodies and before the check of the token, because the first arrival may have
 * renewed the session.
 */
export function submittedOnce(services: SubmissionServices): RequestHandler {
  const { submissions } = services;
  const cookieName = sessionCookieName(services.site.baseUrl.startsWith('https:'));

  return async (request, response, next) => {
    const arrival = arrivalOf(request);
    if (!arrival) return next();
    for (let attempt = 1; ; attempt += 1) {
      if (!carriesToken(request, response)) {
        const earlier = await submissions.find(arrival);
        if (earlier?.kind === 'still working') throw new StillWorking();
        if (earlier?.kind === 'answered' && (await repeat(earlier.answer, request, response))) return;
        return next();
      }
      const outcome = await submissions.claim(arrival);
      if (outcome.kind === 'first') {
        remember(outcome, request, response);
        return next();
      }
      if (outcome.kind === 'answered' && (await repeat(outcome.answer, request, response))) return;
      const isGivenUp = outcome.kind === 'given up' && attempt === MOST_ATTEMPTS;
      if (outcome.kind === 'still working' || isGivenUp) throw new StillWorking();
      // What this request has read is outdated by the wait.
      if (!(await reloadSession(request))) return next(new CsrfRefused('no session'));
      await reloadContext(request, services);
      // Signed out, or somebody else by now: the page says so, and the stored response is not shown.
      if (outcome.kind === 'answered') return next();
    }
  };

  function remember(first: FirstArrival, request: Request, response: Response): void {
    request.whenAnswered = (body) => {
      // A failure did nothing, so the form may be sent again.
      if (body === undefined || response.statusCode >= 500) return first.forget();
      const answer = answerOf(request, response, body);
      const cookie = [answer.headers['set-cookie'] ?? []].flat().flatMap((one) => {
        return cookieNamed(cookieName, one) ?? [];
      });
      first.answered(JSON.stringify(answer), cookie[0]);
    };
  }

  function answerOf(request: Request, response: Response, body: Buffer): StoredAnswer {
    const headers: Record<string, string | string[]> = {};
    for (const name of ANSWER_HEADERS) {
      const value = response.getHeader(name);
      if (value !== undefined) headers[name] = Array.isArray(value) ? value : String(value);
    }
    const isZipped = response.getHeader('content-encoding') === 'gzip';
    const zipped = isZipped || body.length === 0 ? body : gzipSync(body);
    return {
      status: response.statusCode,
      headers,
      body: zipped.toString('base64'),
      ...(request.session && { session: { id: request.sessionID, speaksFor: speaksFor(request) } }),
    };
  }

  /** Sends the stored response; false if its session has ended or belongs to somebody else now. */
  async function repeat(text: string, request: Request, response: Response): Promise<boolean> {
    const answer = storedAnswer.parse(JSON.parse(text));
    if (answer.session && !(await stillStands(answer.session, request))) return false;
    leaveSession(request);
    request.repeated = true;
    response.status(answer.status).set(answer.headers);
    response.send(answer.body === '' ? '' : gunzipSync(Buffer.from(answer.body, 'base64')));
    return true;
  }

  /** Signing out, ending the session or disabling the account also invalidates stored responses. */
  async function stillStands(
    { id, speaksFor: expected }: NonNullable<StoredAnswer['session']>,
    request: Request,
  ): Promise<boolean> {
    const { session, sessionID, context } = request;
    const stands = (await adoptSession(request, id)) && (await speaksStillFor(expected, request));
    if (!stands) Object.assign(request, { session, sessionID, context });
    return stands;
  }

  async function speaksStillFor(expected: string, request: Request): Promise<boolean> {
    if (speaksFor(request) !== expected) return false;
    if (expected === '') return true;
    await reloadContext(request, services);
    return (await resolveAuth(request, services)).kind !== 'anonymous';
  }

  function speaksFor(request: Request): string {
    const claim = subjectOf(readState(request, services.clock()));
    return claim === undefined ? '' : JSON.stringify([claim.accountId, claim.signInId]);
  }
}

/** Undefined without a session cookie or a token: then it is no form of the site. */
function arrivalOf(request: Request): Arrival | undefined {
  const { sessionCookie: cookie, body, method, originalUrl } = request;
  if (cookie === undefined || tokenOf(body) === '') return undefined;
  const browser = request.get('user-agent') ?? '';
  return { cookie, content: [method, originalUrl, browser, JSON.stringify(body)] };
}
