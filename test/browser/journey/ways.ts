import type { Locator, Page } from 'playwright-core';
import type { Way } from './visitor.ts';

/** More than the number of stops on any page of the journey. */
const MOST_STOPS = 80;

const POINTER = {
  press: pointsAt,
  follow: pointsAt,
  type: (_page, field, text) => field.fill(text),
  choose: (_page, radio) => radio.check(),
  toggle: (_page, checkbox) => checkbox.click(),
} as const satisfies Partial<Way>;

/** With a mouse, and without any script. */
export const WITHOUT_SCRIPT: Way = {
  ...POINTER,
  name: 'without JavaScript',
  options: { javaScriptEnabled: false },
};

/** With a mouse, and the script of the site. */
export const WITH_SCRIPT: Way = { ...POINTER, name: 'with JavaScript', options: {} };

/** Only with the keyboard: nothing is clicked, and the focus only moves by Tab, arrows or a link. */
export const BY_KEYBOARD: Way = {
  name: 'by keyboard alone',
  options: {},
  async press(page, button) {
    await goesTo(page, button);
    await page.keyboard.press('Space');
  },
  async follow(page, link) {
    await goesTo(page, link);
    await page.keyboard.press('Enter');
  },
  async type(page, field, text) {
    await goesTo(page, field);
    await page.keyboard.press('Control+A');
    await page.keyboard.type(text);
  },
  async choose(page, radio) {
    // Tab stops at one radio of a group; arrows move to the others.
    const name = await radio.getAttribute('name');
    await goesTo(page, page.locator(`input[type=radio][name="${name}"]`));
    for (let stop = 0; stop < MOST_STOPS && !(await hasFocus(page, radio)); stop++) {
      await page.keyboard.press('ArrowDown');
    }
  },
  async toggle(page, checkbox) {
    await goesTo(page, checkbox);
    await page.keyboard.press('Space');
  },
};

/** Clicks; opens the account menu for items in it. */
async function pointsAt(page: Page, target: Locator): Promise<void> {
  if (!(await target.isVisible())) await page.locator('summary').click();
  await target.click();
}

/** Presses Tab until the target has the focus; opens the account menu on the way if the target is in it. */
async function goesTo(page: Page, target: Locator): Promise<void> {
  for (let stop = 0; stop < MOST_STOPS; stop++) {
    if (await hasFocus(page, target)) return;
    if ((await hasFocus(page, page.locator('summary'))) && !(await target.first().isVisible())) {
      await page.keyboard.press('Enter');
    }
    await page.keyboard.press('Tab');
  }
  throw new Error(`Tab does not come by ${target}.`);
}

async function hasFocus(page: Page, target: Locator): Promise<boolean> {
  return (await target.and(page.locator(':focus')).count()) > 0;
}
