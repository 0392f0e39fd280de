import assert from 'node:assert/strict';
import { loadWords } from '../../src/kernel/i18n.ts';
import { Person } from '../support/person.ts';
import { onPortal } from '../support/portal.ts';
import { signsIn } from '../support/steps.ts';
import { enrolsApp } from '../support/victim.ts';
import { visibleText } from '../support/visible-text.ts';

const PATH = '/help/two-factor';

onPortal('The guide to two-factor authentication', (portal) => {
  it('is open to strangers, who get no session for reading it', async () => {
    const stranger = new Person(portal().app);
    await stranger.visits(PATH);
    assert.equal(stranger.page.status, 200);
    assert.equal(stranger.page.heading, 'Help with two-factor authentication (2FA)');
    assert.equal(stranger.page.setCookies.size, 0);
    assert.deepEqual(stranger.page.buttons, []);
  });

  it('is open to half-signed-in people, at the section of their page, and does not affect their sign-in', async () => {
    const account = await portal().account('half@example.org');
    await enrolsApp(portal(), account);
    const half = await signsIn(portal(), account.email);
    const link = half.page.links.find(({ text }) => text === 'Help with this page');
    assert.equal(link?.href, `${PATH}#sign-in`);
    await half.follow('Help with this page');
    assert.equal(half.page.$('h2#sign-in').length, 1);
    assert.doesNotMatch(half.page.text, /Half|half@example\.org/);
    await half.visits('/profile');
    assert.equal(half.page.path, '/sign-in/code');
  });

  it('is open to signed-in people, with their menu, and links the pages that it names', async () => {
    await portal().account('in@example.org');
    const person = await signsIn(portal(), 'in@example.org');
    await person.visits('/');
    await person.follow('Help with 2FA');
    assert.ok(person.page.buttons.includes('Sign out'));
    const targets = person.page.links
      .filter(({ href }) => href.startsWith('/profile/'))
      .map(({ href }) => href);
    assert.ok(targets.length > 4);
    for (const target of new Set(targets)) {
      await person.visits(target);
      assert.equal(person.page.path, target);
    }
  });

  it("says in the administrators' words how to contact them", async () => {
    const stranger = new Person(portal().app);
    await portal().services.settings.change({ helpContact: 'Room <5>, or call 123' });
    await stranger.visits(PATH);
    assert.match(stranger.page.text, /ask for a reset of your 2FA: Room <5>, or call 123/);
    await portal().services.settings.change({ helpContact: '' });
  });

  for (const { code, name } of loadWords().locales) {
    it(`is in ${name}, with a list of headings, and the names of pages and buttons`, async () => {
      const { t } = loadWords().for(code);
      const stranger = new Person(portal().app, { acceptLanguage: code });
      await stranger.visits(PATH);
      const { $, text } = stranger.page;
      assert.equal($('html').attr('lang'), code);
      const listed = $('main nav a')
        .toArray()
        .map((link) => [$(link).attr('href'), visibleText($(link))]);
      const headings = $('main section h2')
        .toArray()
        .map((heading) => [`#${$(heading).attr('id')}`, visibleText($(heading))]);
      assert.ok(headings.length >= 10);
      assert.deepEqual(listed, headings);
      for (const key of ['two-factor.title', 'code.send', 'enrolment.submit', 'two-factor.replace'] as const)
        assert.ok(text.includes(t(key)), t(key));
      assert.doesNotMatch(stranger.page.html, /\{\{|&lt;/);
    });
  }

  it('can only be read', async () => {
    const stranger = new Person(portal().app);
    const answer = await stranger.submitsRaw('POST', PATH, {}, { csrf: '' });
    assert.equal(answer.status, 405);
  });
});
