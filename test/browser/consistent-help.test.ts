import assert from 'node:assert/strict';
import { load } from 'cheerio';
import { allStates } from './states/all.ts';
import type { State } from './states/studio.ts';

/** Pages on which people may have trouble with 2FA; each links the section of the guide about it. */
const ABOUT_TWO_FACTOR =
  /^\/(sign-in\/(code|set-up)|step-up\/code|apps\/(open|enrol)|profile\/(two-factor(?!\/suggestion)|sign-ins))\b/;

/** WCAG 2.2, 3.2.6 (A): help that is on several pages is in the same place on each. */
describe('Help', () => {
  let states: readonly State[];
  before(async () => {
    ({ states } = await allStates());
  });

  it('is first in the footer of every page: the contact, then the guide', () => {
    for (const { name, html } of states) {
      const $ = load(html);
      const [contact, guide] = $('footer p').toArray();
      assert.match($(contact).text(), /^Need help\?/, name);
      assert.equal($(guide).find('a').attr('href'), '/help/two-factor', name);
      assert.equal($(guide).text(), 'Help with 2FA', name);
    }
  });

  it('about a step of 2FA is last on the page of that step, and links the section about it', () => {
    const guide = states.find(({ name }) => name === 'help/signed-out');
    assert.ok(guide);
    const sections = new Set(
      load(guide.html)('section h2')
        .toArray()
        .map(({ attribs }) => attribs['id']),
    );
    const led = new Set<string>();
    for (const { name, path, status, html } of states) {
      const $ = load(html);
      const link = $('.page-help a');
      if (status < 400 || status === 422 || status === 429) {
        assert.equal(link.length, ABOUT_TWO_FACTOR.test(path) ? 1 : 0, name);
      }
      if (link.length === 0) continue;
      assert.ok($('main > :last-child').is('.page-help'), name);
      const [page, section = ''] = link.attr('href')?.split('#') ?? [];
      assert.equal(page, '/help/two-factor');
      assert.ok(sections.has(section), `${name}: ${section}`);
      led.add(section);
    }
    assert.deepEqual([...led].sort(), [
      'edit',
      'lost-access',
      'methods',
      'recovery-codes',
      'remove',
      'set-up-app',
      'set-up-email',
      'sign-in',
      'trusted-browsers',
    ]);
  });
});
