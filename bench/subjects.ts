import { oneTimeCode } from '../test/support/one-time-code.ts';
import { PASSWORD, type Somebody } from '../test/support/somebody.ts';
import { type Answer, type Client, Cookies } from './http.ts';

/** Somebody who has given the password, and what the page asks for next has to be sent with. */
export interface HalfWay {
  readonly cookies: Cookies;
  readonly token: string;
  readonly key: Buffer;
}

/** What is measured: a site at which people sign in by password and code. */
export interface Subject {
  readonly client: Client;
  givePassword(somebody: Somebody): Promise<HalfWay>;
  /** Up to the page that the person lands on. */
  giveCode(half: HalfWay): Promise<Cookies>;
}

export function postern(client: Client): Subject {
  return {
    client,
    async givePassword({ email, key }) {
      const cookies = new Cookies();
      const form = expect(200, await client.get('/sign-in', cookies));
      const fields = { _csrf: tokenOf(form), email, password: PASSWORD };
      expect(303, await client.post('/sign-in', fields, cookies));
      const page = expect(200, await client.get('/sign-in/code', cookies));
      return { cookies, token: tokenOf(page), key };
    },
    async giveCode({ cookies, token, key }) {
      expect(303, await client.post('/sign-in/code', { _csrf: token, code: codeOf(key) }, cookies));
      expect(200, await client.get('/', cookies));
      return cookies;
    },
  };
}

export function floor(client: Client): Subject {
  return {
    client,
    async givePassword({ email, key }) {
      const cookies = new Cookies();
      const form = expect(200, await client.get('/', cookies));
      const fields = { csrf: floorToken(form), email, password: PASSWORD };
      const page = expect(200, await client.post('/password', fields, cookies));
      return { cookies, token: floorToken(page), key };
    },
    async giveCode({ cookies, token, key }) {
      expect(303, await client.post('/code', { csrf: token, code: codeOf(key) }, cookies));
      expect(200, await client.get('/me', cookies));
      return cookies;
    },
  };
}

/** The answer, when it is the one that is measured; anything else would be measured in vain. */
export function expect(status: number, answer: Answer): Answer {
  if (answer.status === status) return answer;
  throw new Error(`${answer.status} in place of ${status}: ${answer.text.slice(0, 2000)}`);
}

function tokenOf({ text }: Answer): string {
  return found(/name="_csrf" value="([^"]+)"/, text);
}

function floorToken({ text }: Answer): string {
  return found(/Hello ([\w-]+)/, text);
}

function found(pattern: RegExp, text: string): string {
  const [, value] = pattern.exec(text) ?? [];
  if (value === undefined) throw new Error(`${pattern} is not in ${text.slice(0, 2000)}`);
  return value;
}

function codeOf(key: Buffer): string {
  return oneTimeCode(key, 'sha1', 6, Math.floor(Date.now() / 30_000));
}
