import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { chromium } from 'playwright-core';
import type { Translator } from '../../src/kernel/i18n.ts';
import { LYNX } from '../browser/text/lynx.ts';
import { TextBrowser } from '../browser/text/text-browser.ts';
import { requireTool } from '../support/tools.ts';
import { PATIENCE } from '../support/until.ts';
import { type Chain, type Member, PORTAL } from './chain.ts';
import type { EchoApp } from './echo-app.ts';
import { WIKI_HOST } from './names.ts';
import { signsInByPages } from './steps.ts';

const PAGE = `https://${WIKI_HOST}/pages/1?q=a&r=b`;
const WHERE = '/pages/1?q=a&r=b';

/** Signs in on the way to the wiki, and out from there, in Chromium: JavaScript off, the content security policy enforced. */
export async function goesWithoutScript(chain: Chain, member: Member, words: Translator): Promise<void> {
  const browser = await chromium.launch({
    executablePath: requireTool('chromium-headless-shell'),
    args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking', '--no-first-run'],
    proxy: { server: chain.network.proxyUrl, bypass: '<-loopback>' },
  });
  try {
    // Its own store of authorities is not the test's: certificates are checked by the other clients.
    const options = { javaScriptEnabled: false, ignoreHTTPSErrors: true, locale: words.locale };
    const context = await browser.newContext(options);
    context.setDefaultTimeout(PATIENCE);
    const page = await context.newPage();
    const complaints: string[] = [];
    page.on('console', (message) => void (message.type() === 'error' && complaints.push(message.text())));
    await page.goto(PAGE);
    assert.ok(page.url().startsWith(`${PORTAL}/sign-in`), page.url());
    assert.equal(await page.locator('html').getAttribute('lang'), words.locale);
    const person = {
      fillsIn: (label: string, text: string) => page.getByLabel(label, { exact: true }).fill(text),
      async presses(name: string) {
        const loaded = page.waitForEvent('load');
        await Promise.all([loaded, page.getByRole('button', { name, exact: true }).click()]);
      },
    };
    await signsInByPages(person, member, words);
    await page.waitForURL(PAGE);
    // biome-ignore lint/performance/useDomNodeTextContent: what cannot be seen cannot be read.
    const read = () => page.locator('body').innerText();
    assert.ok((await read()).includes(`User ${member.email}`), await read());
    const cookies = await context.cookies(PAGE);
    assert.deepEqual(
      cookies
        .filter(({ name }) => !name.includes('nonce'))
        .map(({ name, secure, httpOnly, sameSite, path }) => ({ name, secure, httpOnly, sameSite, path })),
      [{ name: '__Host-postern-app', secure: true, httpOnly: true, sameSite: 'Lax', path: '/' }],
    );
    await page.getByRole('link', { name: 'Leave' }).click();
    await page.waitForURL(`${PORTAL}/**`);
    assert.ok((await read()).includes('Wiki'), await read());
    await person.presses(words.t('apps.sign-out-button'));
    await page.goto(PAGE);
    assert.ok(page.url().startsWith(`${PORTAL}/sign-in`), page.url());
    assert.deepEqual(complaints, []);
  } finally {
    await browser.close();
  }
}

/** The same in Lynx, by its keys, with the certificate checked. */
export async function goesByLynx(
  chain: Chain,
  echo: EchoApp,
  member: Member,
  words: Translator,
): Promise<void> {
  const file = join(chain.folder, `lynx-${words.locale}.cfg`);
  const settings = ['INCLUDE:/etc/lynx/lynx.cfg', `PREFERRED_LANGUAGE:${words.locale}`];
  writeFileSync(file, `${settings.join('\n')}\nSSL_CERT_FILE:${chain.authority.root}\n`);
  const kind = {
    ...LYNX,
    command: (address: string) => `lynx -nopause -accept_all_cookies -cfg=${file} '${address}'`,
  };
  const site = { pagesServed: () => chain.pagesServed() + echo.heard.length, close: async () => {} };
  const environment = { https_proxy: chain.network.proxyUrl, SSL_CERT_FILE: chain.authority.root };
  const lynx = await TextBrowser.open(kind, site, PAGE, { environment });
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
