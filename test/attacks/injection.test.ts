import assert from 'node:assert/strict';
import { load } from 'cheerio';
import { type FilledForm, fillsEveryForm } from '../support/form-filler.ts';
import type { Page } from '../support/page.ts';
import { Person } from '../support/person.ts';
import { onPortal, type TestPortal } from '../support/portal.ts';
import { knocksOn } from '../support/router.ts';
import { signsIn } from '../support/steps.ts';
import { tablesOf } from '../support/stored.ts';
import { idsOf, newEmail, signsInFully, thiefOf, type Victim, victimOf } from '../support/victim.ts';

/** Short enough for every field; closes tags, attributes and EJS, and can be found by its id. */
const MARKUP = `"'><b id=pwned>{{x}}<%-1%>\${2}`;
const EVIL = 'mallory@evil.example';
const CRLF = `Vera\r\nBcc: ${EVIL}\r\n\r\n<b id=pwned>`;

onPortal('An attacker who types markup into every text field', (portal) => {
  let vera: Victim;
  let ids: readonly string[];
  let pages: readonly string[];

  before(async () => {
    await portal().services.settings.change({ signUp: true });
    vera = await victimOf(portal(), { role: 'administrator' });
    ids = await idsOf(portal(), vera);
    pages = knocksOn(portal().app, ids.slice(0, 2))
      .filter(({ method }) => method === 'GET')
      .map(({ address }) => address);
  });

  /** Fills in all forms as an administrator, as a half-signed-in person, and as a stranger. */
  async function fillsAll(text: string): Promise<readonly FilledForm[]> {
    const filling = { text: () => text, email: () => newEmail('filled') };
    const options = { userAgent: `${text.replace(/[\r\n]/g, ' ')}/1.0` };
    const administrator = (await signsInFully(portal(), vera)).copy(options);
    // A person with an open request for a reset does not get the form again.
    const half = (await thiefOf(portal(), await victimOf(portal()))).copy(options);
    const fresh = newEmail('ann');
    await portal().account(fresh);
    const member = (await signsIn(portal(), fresh)).copy(options);
    const filled: FilledForm[] = [];
    for (const [person, theirs] of [
      [administrator, /./],
      [half, /^\/sign-in\//],
      [member, /^\/profile/],
      [new Person(portal().app, options), /^(?!\/(admin|profile|sign-in\/))/],
    ] as const) {
      const open = pages.filter((page) => theirs.test(page));
      filled.push(...(await fillsEveryForm(person, open, filling)));
    }
    return filled;
  }

  function isClean({ $, headers, path }: Page): void {
    if (!(headers['content-type'] ?? '').startsWith('text/html')) {
      // No browser treats a file as a page.
      assert.equal(headers['x-content-type-options'], 'nosniff', path);
      return;
    }
    assert.equal($('#pwned').length, 0, path);
    assert.ok(!JSON.stringify(headers).includes('pwned'), path);
  }

  async function mailsAreClean({ mailbox }: TestPortal): Promise<void> {
    assert.ok(mailbox.messages.length > 5);
    assert.ok(!mailbox.addressees.includes(EVIL));
    for (const { html, headers, headerLines, subject } of mailbox.messages) {
      if (typeof html === 'string') assert.equal(load(html)('#pwned').length, 0, subject);
      assert.ok(!headers.has('bcc'), subject);
      assert.ok(
        headerLines.every(({ key }) => /^[a-z-]+$/.test(key)),
        subject,
      );
    }
  }

  it('sees it as text on every page and in every mail, and nowhere as markup', async () => {
    const filled = await fillsAll(MARKUP);
    const fields = new Set(filled.flatMap(({ fields }) => fields));
    const known = [
      'name',
      'siteName',
      'helpContact',
      'sender',
      'search',
      'person',
      'happened',
      'contact',
      'code',
    ];
    for (const field of known) assert.ok(fields.has(field), `${field} was not filled in: ${[...fields]}`);
    for (const { answer, path } of filled) {
      assert.ok(answer.status < 500, `${path}: ${answer.status}`);
      isClean(answer);
    }
    const reader = await signsInFully(portal(), vera);
    let shown = 0;
    for (const address of [...pages, `/admin/people?search=${encodeURIComponent(MARKUP)}`, '/admin/audit']) {
      const page = await reader.loads(address);
      isClean(page);
      if (page.text.includes(MARKUP)) shown += 1;
    }
    assert.ok(shown > 10, `it shows on ${shown} pages: what was typed has to be somewhere`);
    await mailsAreClean(portal());
  });

  it('cannot start a header of a response or of a mail with a line break, or write a line of the log', async () => {
    const before = await tablesOf(portal());
    for (const { answer, path } of await fillsAll(CRLF)) {
      assert.ok(answer.status < 500, `${path}: ${answer.status}`);
      assert.equal(answer.headers['bcc'], undefined);
      isClean(answer);
    }
    await mailsAreClean(portal());
    for (const line of portal().log().trimEnd().split('\n')) JSON.parse(line);
    const after = await tablesOf(portal());
    for (const table of ['settings', 'authenticators'] as const) {
      const added = (after[table] ?? []).filter((row) => !before[table]?.includes(row));
      assert.ok(
        added.every((row) => !row.includes('Bcc:')),
        table,
      );
    }
  });
});
