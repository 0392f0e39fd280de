import assert from 'node:assert/strict';
import type { Browser } from 'playwright-core';
import { allStates } from './states/all.ts';
import type { State } from './states/studio.ts';
import { launchChromium, Viewer } from './viewer.ts';

describe('Chromium, shown a captured state', () => {
  let browser: Browser;
  let viewer: Viewer;
  let states: readonly State[];

  before(async () => {
    browser = await launchChromium();
    viewer = await Viewer.open(browser);
    ({ states } = await allStates());
  });
  after(async () => {
    await viewer?.close();
    await browser?.close();
  });

  function named(name: string): State {
    const state = states.find((one) => one.name === name);
    assert.ok(state, name);
    return state;
  }

  it('shows the response to a refused form, at its address, with its style', async () => {
    const answer = viewer.page.waitForResponse((response) => response.request().isNavigationRequest());
    await viewer.shows(named('sign-in/refused'));
    assert.equal((await answer).status(), 422);
    assert.equal(new URL(viewer.page.url()).pathname, '/sign-in');
    const summary = viewer.page.getByRole('alert');
    assert.match((await summary.textContent()) ?? '', /The email or the password is wrong/);
    assert.equal(await summary.evaluate((element) => getComputedStyle(element).borderTopWidth), '4px');
  });

  it('runs only the script of the site', async () => {
    const violation = viewer.page.waitForEvent('console', (message) => message.type() === 'error');
    await viewer.shows(named('sign-in/empty'));
    assert.equal(await viewer.page.getByRole('button', { name: 'Show password' }).count(), 1);
    await viewer.page.evaluate(() => {
      const script = document.createElement('script');
      script.textContent = 'document.title = "changed";';
      document.head.append(script);
    });
    assert.match((await violation).text(), /Content Security Policy/);
    assert.equal(await viewer.page.title(), 'Sign in - Help Center');
  });

  it('shows the picture of a page, and requests nothing that does not exist', async () => {
    await viewer.shows(named('set-up-app/empty'));
    const width = await viewer.page
      .locator('.qr img')
      .evaluate((image) => (image as HTMLImageElement).naturalWidth);
    assert.ok(width > 100, String(width));
    assert.deepEqual(viewer.unexpected, []);
  });
});
