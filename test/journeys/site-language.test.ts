import assert from 'node:assert/strict';
import { Person } from '../support/person.ts';
import { onPortal } from '../support/portal.ts';
import { signsIn } from '../support/steps.ts';

const FORM = { rule: 'optional', 'method-app': 'on', 'method-email': 'on', siteName: 'Help Center' };

onPortal("The site's language", (portal) => {
  let ada: Person;

  before(async () => {
    await portal().account('ada@example.org', 'administrator', 'Ada Admin');
  });
  beforeEach(async () => {
    await portal().services.settings.change({ language: 'en', siteName: 'Help Center' });
    ada = await signsIn(portal(), 'ada@example.org', { acceptLanguage: 'en' });
  });

  const language = async () => (await portal().services.settings.read()).language;

  async function pageFor(acceptLanguage: string | undefined): Promise<string | undefined> {
    const stranger = new Person(portal().app, acceptLanguage === undefined ? {} : { acceptLanguage });
    await stranger.visits('/sign-in');
    return stranger.page.$('html').attr('lang');
  }

  it('is chosen in the policy, among the languages by their own names, and recorded', async () => {
    await ada.visits('/admin/policy');
    assert.equal(ada.page.value('Language of the site'), 'en');
    ada.chooses('Français', 'Language of the site');
    await ada.presses('Save policy');
    assert.equal(ada.page.noticeKind, 'success');
    assert.equal(await language(), 'fr');
    await ada.visits('/admin/audit?event=policy.changed');
    assert.match(ada.page.text, /Language: fr \(before: en\)/);
  });

  for (const typed of ['tlh', '', 'FR', ['fr', 'de']]) {
    it(`refuses ${JSON.stringify(typed)} at the field`, async () => {
      await ada.goesOnFrom(await ada.submitsRaw('POST', '/admin/policy', { ...FORM, language: typed }));
      assert.equal(ada.page.status, 422);
      assert.match(ada.page.errorAt('Language of the site'), /one of the languages in the list/);
      assert.equal(await language(), 'en');
    });
  }

  it('does not change if a form does not have the field', async () => {
    await portal().services.settings.change({ language: 'fr' });
    const form = { ...FORM, siteName: 'Another name' };
    await ada.goesOnFrom(await ada.submitsRaw('POST', '/admin/policy', form));
    assert.equal(ada.page.noticeKind, 'success');
    assert.equal(await language(), 'fr');
  });

  it('is used if the browser names no available one, and nowhere else', async () => {
    await portal().services.settings.change({ language: 'fr' });
    for (const header of [undefined, '', '*', 'tlh', 'eo, nb;q=0.8', `${','.repeat(15_000)}de`]) {
      assert.equal(await pageFor(header), 'fr', header?.slice(0, 20));
    }
    for (const [header, spoken] of [
      ['de', 'de'],
      ['en;q=.8', 'en'],
      ['iw-IL', 'he'],
      ['de_DE', 'de'],
      ['pt-BR, de;q=0.5', 'de'],
    ] as const) {
      assert.equal(await pageFor(header), spoken);
    }
  });

  it('is also used by error pages', async () => {
    await portal().services.settings.change({ language: 'fr' });
    const stranger = new Person(portal().app);
    await stranger.visits('/no-such-page');
    assert.equal(stranger.page.status, 404);
    assert.equal(stranger.page.$('html').attr('lang'), 'fr');
  });

  it('is English if its texts no longer exist', async () => {
    await portal().services.settings.change({ language: 'tlh' });
    assert.equal(await pageFor('eo'), 'en');
  });
});
