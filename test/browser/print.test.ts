import assert from 'node:assert/strict';
import type { Browser } from 'playwright-core';
import { openPortal, type TestPortal } from '../support/portal.ts';
import { scansQrCode, signsIn } from '../support/steps.ts';
import { launchChromium, Viewer } from './viewer.ts';

describe('Printed recovery codes', () => {
  let browser: Browser;
  let portal: TestPortal;
  before(async () => {
    browser = await launchChromium();
    portal = await openPortal('database');
  });
  after(async () => {
    await browser?.close();
    await portal?.close();
  });

  it('are one page with the codes, black on white, and without controls', async () => {
    await portal.account('ann@example.org');
    const ann = await signsIn(portal, 'ann@example.org');
    await ann.visits('/profile/two-factor/set-up/app');
    const app = await scansQrCode(ann);
    ann.fillsIn('Authenticator Name', 'Phone');
    ann.fillsIn('Verification Code', app.code(portal.now()));
    await ann.presses('Submit Code and Create');
    const { path, status, headers, html } = ann.page;
    const viewer = await Viewer.open(browser, {
      colorScheme: 'dark',
      viewport: { width: 720, height: 1000 },
    });
    await viewer.shows({ name: 'codes', path, status, headers, html });
    const looks = () =>
      viewer.page.evaluate(() => {
        const isSeen = (element: Element) => element.checkVisibility();
        const first = document.querySelector('.recovery-codes code');
        return {
          codes: [...document.querySelectorAll('.recovery-codes code')].filter(isSeen).length,
          controls: [...document.querySelectorAll('.no-print, main :is(button, a.button), .menu')].filter(
            isSeen,
          ).length,
          ink: first && getComputedStyle(first).color,
          paper: getComputedStyle(document.body).backgroundColor,
        };
      });
    const onScreen = await looks();
    assert.equal(onScreen.codes, 10);
    assert.ok(onScreen.controls >= 3 && onScreen.paper !== 'rgb(255, 255, 255)', JSON.stringify(onScreen));
    await viewer.page.emulateMedia({ media: 'print' });
    const [ink, paper] = ['rgb(0, 0, 0)', 'rgb(255, 255, 255)'];
    assert.deepEqual(await looks(), { codes: 10, controls: 0, ink, paper });
    const pdf = await viewer.page.pdf({ format: 'A4' });
    assert.equal(pdf.toString('latin1').match(/\/Type\s*\/Page\b/g)?.length, 1);
    await viewer.close();
  });
});
