import assert from 'node:assert/strict';
import type { ParsedMail } from 'mailparser';
import type { Account } from '../../src/accounts/account.ts';
import { loadWords, type Translator } from '../../src/kernel/i18n.ts';
import { codeIn, linkIn } from '../support/mailbox.ts';
import { Person } from '../support/person.ts';
import { OPERATOR, onPortal, PASSWORD } from '../support/portal.ts';
import { enrolsApp, enrolsEmail, newEmail } from '../support/victim.ts';

const WORDS = loadWords();

onPortal('The language of a mail', (portal) => {
  let account: Account;

  before(async () => {
    await portal().account('ada@example.org', 'administrator', 'Ada Admin');
  });
  beforeEach(async () => {
    await portal().services.settings.change({ language: 'es', signUp: true });
    account = await portal().account(newEmail('ann'));
  });

  const browser = (acceptLanguage: string) => new Person(portal().app, { acceptLanguage });
  const now = async ({ id }: Account) => {
    const found = await portal().services.accounts.find(id);
    assert.ok(found);
    return found;
  };
  const next = async (email: string) => {
    await portal().delivered();
    return portal().mailbox.next(email);
  };

  /** The mail's own header, and that its text is in that language. */
  function languageOf(mail: ParsedMail): unknown {
    const language = mail.headers.get('content-language');
    const { t } = WORDS.for(String(language));
    const site = 'Help Center';
    assert.ok(
      mail.text?.includes(t('mail.help', { site })) || (mail.subject ?? '').includes(site),
      mail.text,
    );
    return language;
  }

  function givesPassword(person: Person, { t }: Translator, email: string): Promise<unknown> {
    person.fillsIn(t('field.email'), email);
    person.fillsIn(t('field.password'), PASSWORD);
    return person.presses(t('sign-in.submit'));
  }

  async function signsInReading(language: string, email: string): Promise<Person> {
    const person = browser(language);
    await person.visits('/sign-in');
    await givesPassword(person, WORDS.for(language), email);
    return person;
  }

  async function changesPassword(person: Person, { t }: Translator): Promise<void> {
    await person.visits('/profile/password');
    person.fillsIn(t('field.current-password'), PASSWORD);
    person.fillsIn(t('field.new-password'), PASSWORD.split('').reverse().join(''));
    await person.presses(t('profile.password-submit'));
  }

  async function asksForNewPassword(language: string, email: string): Promise<void> {
    const { t } = WORDS.for(language);
    const person = browser(language);
    await person.visits('/forgotten-password');
    person.fillsIn(t('field.email'), email);
    await person.presses(t('forgotten-password.submit'));
  }

  it('of a code is that of the page that requests it', async () => {
    await enrolsEmail(portal(), account);
    const person = await signsInReading('fr', account.email);
    assert.equal(person.page.$('html').attr('lang'), 'fr');
    const mail = await next(account.email);
    assert.equal(languageOf(mail), 'fr');
    person.fillsIn(WORDS.for('fr').t('page.verification-code'), codeIn(mail));
    await person.presses(WORDS.for('fr').t('code.submit'));
    assert.equal((await now(account)).knownLanguage, 'fr');
  });

  it('of a code for an enrolment, and of a notice, is that of the page, although another one is known', async () => {
    await signsInReading('fr', account.email);
    const person = await signsInReading('de', account.email);
    const reader = person.copy({ acceptLanguage: 'fr' });
    const { t } = WORDS.for('fr');
    assert.equal((await now(account)).knownLanguage, 'de');
    await reader.visits('/profile/two-factor/set-up/email');
    reader.fillsIn(t('field.authenticator-name'), 'Courrier');
    await reader.presses(t('code.send'));
    const mail = await next(account.email);
    assert.equal(languageOf(mail), 'fr');
    reader.fillsIn(t('page.verification-code'), codeIn(mail));
    await reader.presses(t('enrolment.submit'));
    assert.equal(languageOf(await next(account.email)), 'fr');
    // The code was proven on a page in French; the last sign-in was in German.
    assert.equal((await now(account)).knownLanguage, 'de');
  });

  it('is the one that the person has chosen, before that of any page', async () => {
    await portal().services.accounts.chooseLocale(account.id, 'ar');
    await enrolsEmail(portal(), await now(account));
    await signsInReading('fr', account.email);
    assert.equal(languageOf(await next(account.email)), 'ar');
    await asksForNewPassword('fr', account.email);
    assert.equal(languageOf(await next(account.email)), 'ar');
  });

  it('of a sign-up is that of its page, which is known for the account from then on', async () => {
    const email = newEmail('sue');
    const { t } = WORDS.for('fr');
    const person = browser('fr');
    await person.visits('/sign-up');
    person.fillsIn(t('field.own-name'), 'Sue');
    person.fillsIn(t('field.email'), email);
    await person.presses(t('sign-up.submit'));
    const mail = await next(email);
    assert.equal(languageOf(mail), 'fr');
    await person.visits(linkIn(mail));
    person.fillsIn(t('field.password'), PASSWORD);
    await person.presses(t('sign-up-confirm.submit'));
    const sue = await portal().services.accounts.findByEmail(email);
    assert.ok(sue);
    assert.equal(sue.knownLanguage, 'fr');
    await portal().services.administration.endSessions(sue, OPERATOR);
    assert.equal(languageOf(await next(email)), 'fr');
  });

  it("of a new password, and of a sign-up with the address of an account, is the known one, never that of a stranger's page", async () => {
    await signsInReading('de', account.email);
    await asksForNewPassword('ja', account.email);
    assert.equal(languageOf(await next(account.email)), 'de');
    portal().wait(30_000);
    const { t } = WORDS.for('ja');
    const stranger = browser('ja');
    await stranger.visits('/sign-up');
    stranger.fillsIn(t('field.own-name'), 'Somebody');
    stranger.fillsIn(t('field.email'), account.email);
    await stranger.presses(t('sign-up.submit'));
    assert.equal(languageOf(await next(account.email)), 'de');
    assert.equal((await now(account)).knownLanguage, 'de');
  });

  it('of a new password is that of the page if nothing is known, and nothing is stored', async () => {
    await asksForNewPassword('fr', account.email);
    assert.equal(languageOf(await next(account.email)), 'fr');
    assert.equal((await now(account)).knownLanguage, null);
  });

  it('does not change with a sign-in that was not completed', async () => {
    await portal().services.accounts.recordSignIn(account.id, account.sessionEpoch, portal().now(), 'de');
    await enrolsApp(portal(), account);
    const thief = await signsInReading('ja', account.email);
    assert.equal(thief.page.path, '/sign-in/code');
    assert.equal((await now(account)).knownLanguage, 'de');
  });

  it("of a warning about somebody with the password is the known one, not that of the thief's page", async () => {
    await portal().services.accounts.recordSignIn(account.id, account.sessionEpoch, portal().now(), 'de');
    await enrolsApp(portal(), await now(account));
    const { t } = WORDS.for('ja');
    const thief = await signsInReading('ja', account.email);
    for (let tries = 0; tries < 5; tries += 1) {
      thief.fillsIn(t('page.verification-code'), '000000');
      await thief.presses(t('code.submit'));
    }
    const mail = await next(account.email);
    assert.equal(mail.subject, WORDS.for('de').t('mail.second-step-failed-subject', { site: 'Help Center' }));
    assert.equal(languageOf(mail), 'de');
  });

  it("of an administrator's act on a German page is the reader's", async () => {
    await signsInReading('fr', account.email);
    await enrolsApp(portal(), await now(account));
    const { t } = WORDS.for('de');
    const ada = await signsInReading('de', 'ada@example.org');
    await ada.visits(`/admin/people/${account.id}/reset-2fa`);
    assert.equal(ada.page.$('html').attr('lang'), 'de');
    await ada.presses(t('person-action.reset-2fa.button'));
    const mail = await next(account.email);
    assert.equal(mail.subject, WORDS.for('fr').t('mail.two-factor-reset-subject', { site: 'Help Center' }));
    assert.equal(languageOf(mail), 'fr');
    const unknown = await portal().account(newEmail('ned'));
    await ada.visits(`/admin/people/${unknown.id}/end-sessions`);
    await ada.presses(t('person-action.end-sessions.button'));
    assert.equal(languageOf(await next(unknown.email)), 'es');
  });

  it('for an address that somebody else has, instead of a code, is that of its owner', async () => {
    const owner = await portal().account(newEmail('bea'));
    await portal().services.accounts.recordSignIn(owner.id, owner.sessionEpoch, portal().now(), 'he');
    const person = await signsInReading('fr', account.email);
    const { t } = WORDS.for('fr');
    await person.visits('/profile/email');
    person.fillsIn(t('field.new-email'), owner.email);
    await person.presses(t('code.send'));
    assert.equal(languageOf(await next(owner.email)), 'he');
  });

  it("of the person's own acts is that of the page", async () => {
    const person = await signsInReading('fr', account.email);
    await changesPassword(person, WORDS.for('fr'));
    assert.equal(languageOf(await next(account.email)), 'fr');
  });

  describe('of invitations', () => {
    let ada: Person;
    const german = WORDS.for('de').t;

    beforeEach(async () => {
      ada = await signsInReading('de', 'ada@example.org');
    });

    async function invites(email: string, language?: string): Promise<ParsedMail> {
      await ada.visits('/admin/people/invite');
      ada.fillsIn(german('people.name'), 'Ivy Invited');
      ada.fillsIn(german('field.email'), email);
      if (language !== undefined) ada.chooses(language, german('invite.language'));
      await ada.presses(german('invite.submit'));
      return next(email);
    }

    it("is the site's, whatever the administrator reads, and is shown", async () => {
      await ada.visits('/admin/people/invite');
      assert.equal(ada.page.value(german('invite.language')), 'site');
      const [option] = ada.page.$('#language option').toArray();
      assert.equal(ada.page.$(option).text(), german('invite.site-language', { language: 'Español' }));
      const email = newEmail('ivy');
      assert.equal(languageOf(await invites(email)), 'es');
      assert.equal((await portal().services.accounts.findByEmail(email))?.knownLanguage, null);
    });

    it('is the one that the administrator chooses, also the second time', async () => {
      const email = newEmail('ivy');
      assert.equal(languageOf(await invites(email, 'Français')), 'fr');
      const ivy = await portal().services.accounts.findByEmail(email);
      assert.equal(ivy?.knownLanguage, 'fr');
      assert.equal(ivy?.locale, null);
      await ada.visits(`/admin/people/${ivy?.id}/send-invitation`);
      await ada.presses(german('person-action.send-invitation.button'));
      assert.equal(languageOf(await next(email)), 'fr');
    });

    for (const language of ['tlh', '', ['fr', 'de']]) {
      it(`cannot be ${JSON.stringify(language)}: the field says so`, async () => {
        const email = newEmail('ivy');
        await ada.visits('/admin/people/invite');
        const fields = { name: 'Ivy', email, language };
        await ada.goesOnFrom(await ada.submitsRaw('POST', '/admin/people/invite', fields));
        assert.equal(ada.page.status, 422);
        assert.equal(ada.page.errorAt(german('invite.language')), german('error.language-unknown'));
        assert.equal(await portal().services.accounts.findByEmail(email), undefined);
      });
    }

    it('in an import is that of each line, and the site’s if it has none', async () => {
      const people = [
        [newEmail('ivy'), 'Français', 'fr'],
        [newEmail('ivy'), 'de-AT', 'de'],
        [newEmail('ivy'), 'japanese', 'ja'],
        [newEmail('ivy'), '', 'es'],
      ] as const;
      const lines = people.map(([email, language]) => `${email},Ivy,${language}`);
      await ada.visits('/admin/people/import');
      ada.fillsIn(german('import.csv'), ['email,name,language', ...lines].join('\n'));
      await ada.presses(german('import.submit'));
      for (const [email, , language] of people) assert.equal(languageOf(await next(email)), language);
      await ada.visits('/admin/people/import');
      ada.fillsIn(german('import.csv'), `email,name,language\n${newEmail('ivy')},Ivy,Klingon`);
      await ada.presses(german('import.submit'));
      assert.equal(ada.page.status, 422);
      assert.ok(
        ada.page.text.includes(
          german('import.language-unknown', { languages: 'en, ar, de, es, fr, he, ja' }),
        ),
      );
    });
  });
});
