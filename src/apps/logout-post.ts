import { z } from 'zod';
import { seconds } from '../kernel/time.ts';
import { faultOf } from './fetch-fault.ts';
import { isLogoutUri } from './logout-uri.ts';

/** How long an app may take to answer, in milliseconds. */
export const LOGOUT_PATIENCE = seconds(5);

/** What is read of a refusal, in bytes: enough for its reason. */
const MOST_READ = 4096;
/** Characters of a reason that are kept. */
const LONGEST_REASON = 200;

/**
 * "refused": the app says that the token is none for it (400). "failed": this one failed, and is worth another try. "away": so
 * would every other one now, because the app does not answer.
 */
export type LogoutAnswer =
  | { readonly kind: 'told' }
  | { readonly kind: 'refused' | 'failed' | 'away'; readonly fault: string };

/** What a proxy answers for an app that is down, or an app that has too much to do. */
const AWAY: ReadonlySet<number> = new Set([429, 502, 503, 504]);

/** Posts a logout token to an app. Never rejects. `signal` aborts it. */
export type PostLogout = (uri: string, token: string, signal: AbortSignal) => Promise<LogoutAnswer>;

/**
 * Posts logout tokens (OpenID Connect Back-Channel Logout 1.0 §2.5) with this `fetch`. The address is one that an administrator
 * has registered, so it may be on the local network; no redirect leads from it to another one. Of the answer the status counts;
 * of a 400 the beginning is read, for the reason (§2.8).
 */
export function logoutPostBy(fetch: typeof globalThis.fetch): PostLogout {
  return async (uri, token, stopped) => {
    // The rules for addresses may have become stricter since it was stored.
    if (!isLogoutUri(uri)) return { kind: 'failed', fault: 'address not allowed' };
    const signal = AbortSignal.any([AbortSignal.timeout(LOGOUT_PATIENCE), stopped]);
    try {
      const response = await fetch(uri, {
        method: 'POST',
        redirect: 'manual',
        signal,
        headers: { 'User-Agent': 'Postern' },
        body: new URLSearchParams({ logout_token: token }),
      });
      return await answerOf(response);
    } catch (error) {
      return { kind: 'away', fault: faultOf(error) };
    }
  };
}

async function answerOf(response: Response): Promise<LogoutAnswer> {
  const { status } = response;
  if (status === 400) return { kind: 'refused', fault: `400 ${await reasonIn(response)}`.trim() };
  await response.body?.cancel();
  if (status === 200 || status === 204) return { kind: 'told' };
  return { kind: AWAY.has(status) ? 'away' : 'failed', fault: String(status) };
}

const refusal = z.object({ error: z.string(), error_description: z.string().optional() });

/** `error` and `error_description` of the answer; "" if there are none. */
async function reasonIn(response: Response): Promise<string> {
  try {
    const { error, error_description: description } = refusal.parse(JSON.parse(await beginningOf(response)));
    const words = [error, description].filter(Boolean).join(': ');
    return words.replaceAll(/[^\x20-\x7e]/g, ' ').slice(0, LONGEST_REASON);
  } catch {
    return '';
  }
}

async function beginningOf({ body }: Response): Promise<string> {
  const reader = body?.getReader();
  if (!reader) return '';
  const chunks: Uint8Array[] = [];
  try {
    for (let read = 0; read < MOST_READ; ) {
      const { done, value } = await reader.read();
      if (done) break;
      chunks.push(value);
      read += value.length;
    }
  } finally {
    await reader.cancel();
  }
  return Buffer.concat(chunks).subarray(0, MOST_READ).toString();
}
