import assert from 'node:assert/strict';
import type { Translator } from '../../src/kernel/i18n.ts';
import { openLynx, withoutScript } from './browsers.ts';
import { type Chain, type Member, PORTAL } from './chain.ts';
import type { EchoApp } from './echo-app.ts';
import { WIKI_HOST } from './names.ts';
import { signsInByPages } from './steps.ts';

const PAGE = `https://${WIKI_HOST}/pages/1?q=a&r=b`;
const WHERE = '/pages/1?q=a&r=b';

/** Signs in on the way to the wiki, and out from there, in Chromium: JavaScript off, the content security policy enforced. */
export function goesWithoutScript(chain: Chain, member: Member, words: Translator): Promise<void> {
  return withoutScript(chain, words, async (person) => {
    const { page } = person;
    await page.goto(PAGE);
    assert.ok(page.url().startsWith(`${PORTAL}/sign-in`), page.url());
    assert.equal(await page.locator('html').getAttribute('lang'), words.locale);
    await signsInByPages(person, member, words);
    await page.waitForURL(PAGE);
    assert.ok((await person.reads()).includes(`User ${member.email}`), await person.reads());
    const cookies = await page.context().cookies(PAGE);
    assert.deepEqual(
      cookies
        .filter(({ name }) => !name.includes('nonce'))
        .map(({ name, secure, httpOnly, sameSite, path }) => ({ name, secure, httpOnly, sameSite, path })),
      [{ name: '__Host-postern-app', secure: true, httpOnly: true, sameSite: 'Lax', path: '/' }],
    );
    await page.getByRole('link', { name: 'Leave' }).click();
    await page.waitForURL(`${PORTAL}/**`);
    assert.ok((await person.reads()).includes('Wiki'), await person.reads());
    await person.presses(words.t('apps.sign-out-button'));
    await page.goto(PAGE);
    assert.ok(page.url().startsWith(`${PORTAL}/sign-in`), page.url());
  });
}

/** The same in Lynx, by its keys, with the certificate checked. */
export async function goesByLynx(
  chain: Chain,
  echo: EchoApp,
  member: Member,
  words: Translator,
): Promise<void> {
  const lynx = await openLynx(chain, words, PAGE, () => echo.heard.length);
  try {
    await lynx.shows(words.t('sign-in.title'));
    await signsInByPages(lynx, member, words);
    await lynx.shows(`Path ${WHERE}`);
    await lynx.shows(`User ${member.email}`);
    assert.equal(echo.heard.at(-1)?.url, WHERE);
    await lynx.follows('Leave');
    await lynx.shows(words.t('apps.sign-out-apps'));
    await lynx.presses(words.t('apps.sign-out-button'));
    // Another page: Lynx shows its copy of one that does not forbid that.
    await lynx.visits(`https://${WIKI_HOST}/pages/2`);
    await lynx.shows(words.t('sign-in.title'));
    assert.equal(echo.heard.at(-1)?.url, WHERE, 'the app has heard nothing more');
  } finally {
    await lynx.close();
  }
}
