import assert from 'node:assert/strict';
import { type CheerioAPI, load } from 'cheerio';
import { fold, visibleText } from '../support/visible-text.ts';
import { allStates } from './states/all.ts';
import type { State } from './states/studio.ts';

interface Seen extends State {
  readonly $: CheerioAPI;
}

describe('Every page in every state', () => {
  let pages: readonly Seen[];
  before(async () => {
    const { states } = await allStates();
    pages = states.map((state) => ({ ...state, $: load(state.html) }));
  });

  function failedForms(): readonly Seen[] {
    const failed = pages.filter(({ $ }) => $('.error-summary').length > 0);
    assert.ok(failed.length > 50, `${failed.length} forms were refused`);
    return failed;
  }

  it('has one h1, and skips no level of headings after it', () => {
    for (const { name, $ } of pages) {
      assert.equal($('h1').length, 1, name);
      const levels = $('h1, h2, h3, h4, h5, h6')
        .toArray()
        .filter((heading) => $(heading).closest('.error-summary').length === 0)
        .map(({ tagName }) => Number(tagName.slice(1)));
      assert.equal(levels[0], 1, `${name}: ${levels}`);
      levels.forEach((level, index) => {
        assert.ok(level <= (levels[index - 1] ?? 0) + 1, `${name}: ${levels}`);
      });
    }
  });

  it('has a banner, one main part and a footer, and navigations with different names', () => {
    for (const { name, $ } of pages) {
      for (const landmark of ['body > header', 'main', 'body > footer']) {
        assert.equal($(landmark).length, 1, `${name}: ${landmark}`);
      }
      const labels = $('nav')
        .toArray()
        .map(
          (nav) => $(nav).attr('aria-label') ?? visibleText($(`[id="${$(nav).attr('aria-labelledby')}"]`)),
        );
      assert.ok(labels.every(Boolean), `${name}: ${labels}`);
      assert.equal(new Set(labels).size, labels.length, `${name}: ${labels}`);
    }
  });

  it('has the heading, the step and the site in its title', () => {
    for (const { name, $ } of pages) {
      const title = fold($('head > title').text());
      const parts = [visibleText($('h1')), visibleText($('.caption')), visibleText($('.site-name'))];
      const expected = parts.filter(Boolean).join(' - ');
      const failed = $('.error-summary').length > 0;
      assert.equal(title, failed ? `Error: ${expected}` : expected, name);
    }
    const steps = pages.filter(({ $ }) => /^Step \d of \d$/.test(visibleText($('.caption'))));
    assert.ok(steps.length > 5, `${steps.length} pages are steps`);
  });

  it('has a title that no other page has', () => {
    const titled = new Map<string, string>();
    for (const { name, path, $ } of pages) {
      // If something went wrong the title says what, on every page.
      if (name.startsWith('error/')) continue;
      const title = $('head > title').text().replace('Error: ', '');
      const page = pageOf(path);
      assert.equal(titled.get(title) ?? page, page, `${name}: ${title}`);
      titled.set(title, page);
    }
  });

  it('starts, after a refused form, with the summary of errors, which gets the focus', () => {
    for (const { name, status, $ } of failedForms()) {
      const summary = $('main > :first-child');
      assert.ok(summary.is('.error-summary[role=alert][autofocus]'), name);
      assert.ok([422, 429].includes(status), `${name}: ${status}`);
      assert.equal(visibleText(summary.find('h2')), 'There is a problem', name);
      assert.ok(summary.find('li').length > 0, name);
    }
  });

  it('links each line of the summary to its field, which is marked as wrong, with the reason', () => {
    for (const { name, $ } of failedForms()) {
      for (const link of $('.error-summary li a').toArray()) {
        const field = $(`[id="${$(link).attr('href')?.slice(1)}"]`);
        assert.ok(field.is('input:not([type=hidden]), select, textarea'), `${name}: ${$(link).text()}`);
        const group = field.closest('fieldset');
        const marked = field.is('[type=radio]') ? group : field;
        assert.equal(marked.attr('aria-invalid'), 'true', `${name}: ${$(link).text()}`);
        const ids = `${field.attr('aria-describedby')} ${group.attr('aria-describedby')}`.split(' ');
        const errors = ids.map((id) => $(`.error[id="${id}"]`)).filter((error) => error.length > 0);
        const said = errors.map((error) => visibleText(error)).join(' ');
        assert.ok(said.includes(visibleText($(link))), `${name}: "${said}" at the field`);
      }
    }
  });

  it('lists the errors in the order of their fields', () => {
    for (const { name, $ } of failedForms()) {
      const summary = $('.error-summary li a').toArray();
      const atFields = $('.error > p').toArray();
      const said = (text: string) => text.replace(/^Error: /, '');
      assert.deepEqual(
        atFields.map((error) => said(visibleText($(error)))),
        summary.map((line) => visibleText($(line))),
        name,
      );
    }
  });

  it('marks no field as wrong, and shows no success, without a line in the summary', () => {
    for (const { name, $ } of pages) {
      const linked = $('.error-summary li a').length;
      assert.equal($('.error').length, linked, `${name}: errors at fields`);
      if (linked > 0) assert.equal($('.notice').length, 0, name);
    }
  });
});

/** The page behind an address: for any person, link, step of the wizard, or change that makes the policy stricter. */
function pageOf(path: string): string {
  return path
    .replace(/\?.*/, '')
    .replace(/\/(send|members)$/, '')
    .replace(/\/[0-9a-v]{26}/, '/:id')
    .replace('/profile/two-factor/set-up', '/sign-in/set-up')
    .replace(/^\/admin\/.*\/confirm$/, '/admin/policy/confirm');
}
