import { createHmac, timingSafeEqual } from 'node:crypto';
import type { PersonForApp, SignedFormatRules } from './format.ts';
import { ownUrl } from './own-url.ts';

/** In characters. Discourse makes nonces of 32. */
const LONGEST_NONCE = 200;

/**
 * DiscourseConnect, with Postern as the site that people sign in at. Discourse sends `sso`, a query string in base64 with `nonce` and
 * `return_sso_url`, and `sig`, its HMAC-SHA256 in hexadecimal. The answer has the same form and goes to `return_sso_url`; without
 * it, as in the example of the documentation, to the app's destination.
 *
 * - Any valid secret verifies, and the one that verified signs: Discourse has only one at a time.
 * - Discourse spends the nonce: it is bound to the browser's session there, valid for ten minutes, and remembered when used.
 * - `external_id` is the account's id. `require_activation` is sent unless the person has shown that the address is theirs: without
 *   it Discourse links an account of that address to whoever has it here.
 * - `add_groups` and `remove_groups` name the groups that the app is told of: who has left one here leaves it there.
 * - No `username`: Discourse suggests one. Made of the address, it would publish a part of it.
 * - `logout=true` is what Discourse itself understands as the site that others sign in at. Some clients of that protocol send it.
 *
 * Source: meta.discourse.org/t/13045; discourse/discourse, lib/discourse_connect_base.rb, app/models/discourse_connect.rb,
 * app/controllers/session_controller.rb (sso_login).
 */
export const discourse: SignedFormatRules = {
  parameters: ['sso', 'sig'],
  sign({ app, person, query: { sso, sig }, secrets }) {
    if (sso === undefined && sig === undefined) return { kind: 'begin' };
    if (sso === undefined || sig === undefined) return { kind: 'fault', fault: 'malformed' };
    const secret = secrets.find((one) => isSignedBy(one, sso, sig));
    if (secret === undefined) return { kind: 'fault', fault: 'bad signature' };
    const asked = new URLSearchParams(Buffer.from(sso, 'base64').toString('utf8'));
    if (asked.get('logout') === 'true') return { kind: 'sign out' };
    const nonce = asked.get('nonce') ?? '';
    if (nonce === '' || nonce.length > LONGEST_NONCE) return { kind: 'fault', fault: 'malformed' };
    const callback = ownUrl(asked.get('return_sso_url') ?? app.signed.destination, app.origin);
    if (!callback) return { kind: 'fault', fault: 'elsewhere' };
    const answer = Buffer.from(String(payloadFor(nonce, person))).toString('base64');
    callback.searchParams.set('sso', answer);
    callback.searchParams.set('sig', signatureOf(secret, answer).toString('hex'));
    return { kind: 'redirect', url: callback.href };
  },
};

function payloadFor(nonce: string, person: PersonForApp): URLSearchParams {
  const { id, email, name, isConfirmed, groups, otherGroups } = person;
  return new URLSearchParams({
    ...{ nonce, external_id: id, email, name },
    ...(!isConfirmed && { require_activation: 'true' }),
    ...(groups.length > 0 && { add_groups: groups.join(',') }),
    ...(otherGroups.length > 0 && { remove_groups: otherGroups.join(',') }),
  });
}

function isSignedBy(secret: string, payload: string, signature: string): boolean {
  return (
    /^[\da-f]{64}$/.test(signature) &&
    timingSafeEqual(signatureOf(secret, payload), Buffer.from(signature, 'hex'))
  );
}

function signatureOf(secret: string, payload: string): Buffer {
  return createHmac('sha256', secret).update(payload).digest();
}
