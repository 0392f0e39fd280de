import assert from 'node:assert/strict';
import { load } from 'cheerio';
import { fold, visibleText } from '../support/visible-text.ts';
import { allStates, type Capture, VIEW_NAMES } from './states/all.ts';
import type { State } from './states/studio.ts';

describe('The captured states', () => {
  let capture: Capture;
  before(async () => {
    capture = await allStates();
  });

  it('render every existing view and partial', () => {
    assert.ok(VIEW_NAMES.length > 60, `${VIEW_NAMES.length} views were found`);
    assert.deepEqual(
      VIEW_NAMES.filter((name) => !capture.views.has(name)),
      [],
    );
  });

  it('show something different each: a failed scene would be a page captured twice', () => {
    const seen = new Map<string, string>();
    for (const state of capture.states) {
      const shown = shownBy(state);
      assert.equal(seen.get(shown), undefined, `${state.name} looks the same`);
      seen.set(shown, state.name);
    }
    assert.ok(seen.size > 200, `${seen.size} states`);
  });

  it('are the same in another language, with its texts', async () => {
    const arabic = await allStates({ language: 'ar' });
    const outline = ({ states }: Capture) => states.map(({ name, status }) => `${name} ${status}`);
    assert.deepEqual(outline(arabic), outline(capture));
    for (const { name, html } of arabic.states) {
      assert.match(html, /<html lang="ar" dir="rtl">/, name);
      assert.doesNotMatch(
        visibleText(load(html)('body')),
        /[←→]/,
        `${name}: an arrow points one way in every language`,
      );
    }
  });
});

/** The readable text of the page, and the values of its fields. */
function shownBy({ html }: State): string {
  const $ = load(html);
  const fields = $('input:not([type=hidden]), select, textarea').toArray();
  const held = fields.map((field) => `${$(field).attr('value')} ${$(field).attr('checked')}`);
  return fold(`${visibleText($('body'))} ${held.join(' ')}`);
}
