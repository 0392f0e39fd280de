import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { chromium, type Page } from 'playwright-core';
import type { Translator } from '../../src/kernel/i18n.ts';
import { LYNX } from '../browser/text/lynx.ts';
import { TextBrowser } from '../browser/text/text-browser.ts';
import { requireTool } from '../support/tools.ts';
import { PATIENCE } from '../support/until.ts';
import type { Chain } from './chain.ts';

/** Somebody at a page in Chromium. */
export interface AtPage {
  readonly page: Page;
  fillsIn(label: string, text: string): Promise<void>;
  presses(name: string): Promise<void>;
  /** What can be seen. */
  reads(): Promise<string>;
}

/** Somebody at Chromium with JavaScript off and the content security policy enforced, whose console stays empty. */
export async function withoutScript(
  chain: Pick<Chain, 'network'>,
  words: Translator,
  goes: (person: AtPage) => Promise<void>,
): Promise<void> {
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
    await goes({
      page,
      fillsIn: (label, text) => page.getByLabel(label, { exact: true }).fill(text),
      async presses(name) {
        const loaded = page.waitForEvent('load');
        await Promise.all([loaded, page.getByRole('button', { name, exact: true }).click()]);
      },
      // biome-ignore lint/performance/useDomNodeTextContent: what cannot be seen cannot be read.
      reads: () => page.locator('body').innerText(),
    });
    assert.deepEqual(complaints, []);
  } finally {
    await browser.close();
  }
}

/** Opens an address in Lynx, which checks certificates. `pagesOfApp` counts what the app has answered. */
export function openLynx(
  chain: Chain,
  words: Translator,
  address: string,
  pagesOfApp: () => number,
): Promise<TextBrowser> {
  const file = join(chain.folder, `lynx-${words.locale}.cfg`);
  const settings = ['INCLUDE:/etc/lynx/lynx.cfg', `PREFERRED_LANGUAGE:${words.locale}`];
  writeFileSync(file, `${settings.join('\n')}\nSSL_CERT_FILE:${chain.authority.root}\n`);
  const kind = {
    ...LYNX,
    command: (first: string) => `lynx -nopause -accept_all_cookies -cfg=${file} '${first}'`,
  };
  const site = { pagesServed: () => chain.pagesServed() + pagesOfApp(), close: async () => {} };
  const environment = { https_proxy: chain.network.proxyUrl, SSL_CERT_FILE: chain.authority.root };
  return TextBrowser.open(kind, site, address, { environment });
}
