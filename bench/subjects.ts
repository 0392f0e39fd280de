import { oneTimeCode } from '../test/support/one-time-code.ts';
import { PASSWORD, type Somebody } from '../test/support/somebody.ts';
import { type Answer, type Client, Cookies } from './http.ts';

/** A sign-in after the password: what the form of the code needs. */
export interface PendingSignIn {
  readonly cookies: Cookies;
  readonly token: string;
  readonly key: Buffer;
}

/** A site to measure, with sign-in by password and code. */
export interface Subject {
  readonly client: Client;
  givePassword(somebody: Somebody): Promise<PendingSignIn>;
  /** Ends with the first page after sign-in. */
  giveCode(half: PendingSignIn): Promise<Cookies>;
}

/** The portal and its twin have the same pages. Only the name of the token's field is different. */
export function subject(client: Client, tokenField: '_csrf' | 'csrf'): Subject {
  const tokenOf = ({ text }: Answer) => found(new RegExp(`name="${tokenField}" value="([^"]+)"`), text);
  return {
    client,
    async givePassword({ email, key }) {
      const cookies = new Cookies();
      const form = expect(200, await client.get('/sign-in', cookies));
      const fields = { [tokenField]: tokenOf(form), email, password: PASSWORD };
      expect(303, await client.post('/sign-in', fields, cookies));
      const page = expect(200, await client.get('/sign-in/code', cookies));
      return { cookies, token: tokenOf(page), key };
    },
    async giveCode({ cookies, token, key }) {
      const fields = { [tokenField]: token, code: codeOf(key) };
      expect(303, await client.post('/sign-in/code', fields, cookies));
      expect(200, await client.get('/', cookies));
      return cookies;
    },
  };
}

/** Returns the response if it has this status; throws otherwise, because another response would be measured. */
export function expect(status: number, answer: Answer): Answer {
  if (answer.status === status) return answer;
  throw new Error(`${answer.status} in place of ${status}: ${answer.text.slice(0, 2000)}`);
}

function found(pattern: RegExp, text: string): string {
  const [, value] = pattern.exec(text) ?? [];
  if (value === undefined) throw new Error(`${pattern} is not in ${text.slice(0, 2000)}`);
  return value;
}

function codeOf(key: Buffer): string {
  return oneTimeCode(key, 'sha1', 6, Math.floor(Date.now() / 30_000));
}
