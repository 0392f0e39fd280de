import assert from 'node:assert/strict';
import type { Page } from '../support/page.ts';
import { Person } from '../support/person.ts';
import { OPERATOR, onPortal } from '../support/portal.ts';
import { signsIn } from '../support/steps.ts';
import { newEmail } from '../support/victim.ts';

const HOUR = 3_600_000;

onPortal('An attacker who wants to know who has an account', (portal) => {
  const known: Record<string, string> = {};
  let number = 0;

  before(async () => {
    const { registration, accounts, settings } = portal().services;
    await settings.change({ signUp: true });
    for (const kind of ['active', 'invited', 'disabled']) known[kind] = newEmail(kind);
    await portal().account(known['active'] ?? '');
    const disabled = await portal().account(known['disabled'] ?? '');
    await accounts.disable(disabled.id, portal().now());
    await registration.invite({ email: known['invited'] ?? '', name: 'Ivy Invited' }, 'member', OPERATOR);
  });

  const unknown = () => `nobody${number++}@example.org`;

  /** What an attacker can compare, without what differs between any two responses. */
  function told({ status, headers, html }: Page, email: string): string {
    const { date: _now, etag: _hash, 'content-length': _bytes, 'set-cookie': cookie = '', ...rest } = headers;
    const text = html
      .replaceAll(email, 'EMAIL')
      .replace(/name="_csrf" value="[^"]+"/g, '')
      .replace(/[\da-f]{8}-[\da-f-]{27}/g, 'ID')
      .replace(/\d\d:\d\d(:\d\d)?/g, 'TIME');
    return JSON.stringify(
      { status, rest, cookies: cookie.replace(/=s%3A[^;]+|Expires=[^;]+/g, ''), text },
      null,
      1,
    );
  }

  async function answerTo(
    path: string,
    email: string,
    fields: Readonly<Record<string, string>>,
  ): Promise<string> {
    const stranger = new Person(portal().app);
    await stranger.visits(path);
    const first = await stranger.submitsRaw('POST', path, { ...fields, email });
    const last = await stranger.goesOnFrom(first);
    return `${told(first, email)}\n${told(last, email)}`;
  }

  for (const [path, fields, kinds] of [
    ['/sign-in', { password: 'not the password' }, ['active', 'invited', 'disabled']],
    ['/forgotten-password', {}, ['active', 'invited', 'disabled']],
    ['/sign-up', { name: 'Somebody' }, ['active', 'invited', 'disabled']],
  ] as const) {
    it(`gets the same text, status and headers at ${path}, whether or not there is an account`, async () => {
      const stranger = await answerTo(path, unknown(), fields);
      for (const kind of kinds) assert.equal(await answerTo(path, known[kind] ?? '', fields), stranger, kind);
      portal().wait(2 * HOUR);
    });

    it(`has to wait after the same number of attempts at ${path}, and for the same time`, async () => {
      const statuses = async (email: string) => {
        const answers: string[] = [];
        const stranger = new Person(portal().app);
        for (let time = 0; time < 7; time++) {
          // The form of an earlier page would be the same form again.
          await stranger.visits(path);
          const { status, headers } = await stranger.submitsRaw('POST', path, { ...fields, email });
          answers.push(`${status} ${Number(headers['retry-after'] ?? 0) > 0}`);
        }
        return answers;
      };
      const nobody = await statuses(unknown());
      assert.ok(nobody.at(-1)?.startsWith('429 true'), nobody.join());
      const email = newEmail('ann');
      await portal().account(email);
      assert.deepEqual(await statuses(email), nobody);
    });
  }

  it('gets the same page when they change their own email to a taken one', async () => {
    const email = newEmail('mallory');
    await portal().account(email);
    const mallory = await signsIn(portal(), email);
    const answers: string[] = [];
    for (const address of [known['active'] ?? '', unknown()]) {
      await mallory.visits('/profile/email');
      const first = await mallory.submitsRaw('POST', '/profile/email', { email: address });
      answers.push(`${told(first, address)}\n${told(await mallory.goesOnFrom(first), address)}`);
      portal().wait(60_000);
    }
    assert.equal(answers[0], answers[1]);
  });
});
