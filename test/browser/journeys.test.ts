import assert from 'node:assert/strict';
import type { Browser } from 'playwright-core';
import { Visitor, type Way } from './journey/visitor.ts';
import { BY_KEYBOARD, WITH_SCRIPT, WITHOUT_SCRIPT } from './journey/ways.ts';
import { goesTheWholeWay, type People } from './journey/whole-way.ts';
import { launchChromium } from './viewer.ts';

for (const way of [WITHOUT_SCRIPT, WITH_SCRIPT, BY_KEYBOARD]) goesTheWholeWay(inChromium(way));

/** People who use Chromium in this way. */
function inChromium(way: Way): People<Visitor> {
  let browser: Promise<Browser> | undefined;
  return {
    where: `In Chromium, ${way.name},`,
    async arrive(_site, address) {
      browser ??= launchChromium();
      return Visitor.open(await browser, way, address);
    },
    async atSetUp(boss) {
      const hasScript = way.options.javaScriptEnabled !== false;
      assert.equal(await boss.isOffered('Show password'), hasScript, 'only the script offers that');
    },
    async atRefusal(ann) {
      await ann.goesToTheFault('That code is wrong. Check it and try again.', 'Verification Code');
    },
    complaintsOf: ({ complaints }) => complaints,
    async leave() {
      await (await browser)?.close();
    },
  };
}
