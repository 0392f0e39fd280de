import assert from 'node:assert/strict';
import { days, minutes } from '../../src/kernel/time.ts';
import type { AuthenticatorApp } from '../support/authenticator-app.ts';
import { CREATION_TIMEOUT, type EmptyDatabase, MARIADB, POSTGRESQL } from '../support/databases.ts';
import { linkIn } from '../support/mailbox.ts';
import { Person } from '../support/person.ts';
import { openPortal, PASSWORD, type TestPortal } from '../support/portal.ts';
import { givesPassword, scansQrCode, setsUpApp, setsUpEmail, signsIn } from '../support/steps.ts';
import { givesAppCode, isSignedIn, mailedCode, TRUST } from '../support/victim.ts';

const BOSS = 'boss@example.org';
const ANN = 'ann@example.org';
const ZOE = 'zoe@example.org';
/** Hash of "lets try this one". */
const BCRYPT = '$2b$05$CCCCCCCCCCCCCCCCCCCCC.rAf3o4sLTvR4cFKmbAV7SuUjZhE3kGG';

/**
 * Every journey runs on SQLite; this one, through all parts of the portal, runs on the other databases, which store the
 * sessions as well.
 */
for (const engine of [POSTGRESQL, MARIADB]) {
  describe(`The life of a site on ${engine.name}`, () => {
    let empty: EmptyDatabase;
    let portal: TestPortal;
    let boss: Person;
    let ann: Person;
    let app: AuthenticatorApp;
    let codes: readonly string[];

    before(async function () {
      this.timeout(CREATION_TIMEOUT);
      empty = await engine.create();
      portal = await openPortal('database', { DATABASE_URL: empty.url });
    });
    after(async () => {
      await portal.close();
      await empty.drop();
    });

    const inAdministration = async (link: string) => {
      await boss.visits('/admin');
      await boss.follow(link);
      if (boss.page.heading !== 'Confirm that it is you') return;
      boss.fillsIn('Password', PASSWORD);
      await boss.presses('Continue');
    };
    const cells = ({ page }: Person) =>
      page
        .$('tbody tr > *')
        .toArray()
        .map((cell) => page.$(cell).text().trim());
    const lines = (code: string) => code.match(/(?:[A-Z\d]{4}-){3}[A-Z\d]{4}/g) ?? [];

    it('begins with the first administrator, by the link in the log, once', async () => {
      const token = await portal.services.registration.setupToken();
      boss = new Person(portal.app);
      await boss.visits(`/setup?token=${token}`);
      boss.fillsIn('Site name', 'Ärzte-Hilfe');
      boss.fillsIn('Your name', 'Bo Boss');
      boss.fillsIn('Email', BOSS);
      boss.fillsIn('Password', PASSWORD);
      const answers = await boss.races(20, 'Set up the site');
      const [created, ...others] = answers.filter(({ status }) => status === 303);
      assert.ok(created && others.length === 0, answers.map(({ status }) => status).join());
      await boss.visits('/sign-in');
      await givesPassword(boss, BOSS);
      assert.ok(isSignedIn(boss), boss.page.heading);
    });

    it('includes an invited person, who enrols by email and by app, and has recovery codes', async () => {
      await inAdministration('People');
      await boss.follow('Invite a person');
      boss.fillsIn('Name', 'Ann Agent');
      boss.fillsIn('Email', ANN);
      await boss.presses('Send invitation');
      ann = new Person(portal.app);
      await ann.visits(linkIn(await portal.mailbox.next(ANN)));
      ann.fillsIn('Password', PASSWORD);
      await ann.presses('Save password');
      await givesPassword(ann, ANN);
      await setsUpEmail(portal, ann, ANN);
      app = await setsUpApp(portal, ann, ANN);
      await ann.visits('/profile/two-factor/recovery-codes');
      await ann.presses('Create new codes');
      codes = lines(ann.page.$('.recovery-codes').text());
      assert.equal(new Set(codes).size, 10);
      await ann.presses('I have saved them. Continue');
      await portal.mailbox.next(ANN);
    });

    it('has a page for every address with a NUL, which PostgreSQL refuses in a text', async () => {
      const stranger = new Person(portal.app);
      for (const [address, status] of [
        ['/admin/people/%00', 404],
        ['/admin/groups/a%00', 404],
        ['/apps/again?host=%00', 404],
        [`/sign-in?return-to=${encodeURIComponent('/apps/open?host=%00')}`, 200],
      ] as const) {
        await stranger.visits(address);
        assert.equal(stranger.page.status, status, address);
      }
    });

    it('includes the second step: a code of the app, of a mail, or for recovery, each once', async () => {
      portal.wait(minutes(1));
      ann = await signsIn(portal, ANN);
      ann.fillsIn('Verification Code', app.code(portal.now()));
      const answers = await ann.races(3, 'Continue');
      assert.equal(answers.filter(({ status }) => status === 303).length, 1);
      const byMail = await signsIn(portal, ANN);
      await byMail.follow('Use another authenticator');
      await byMail.presses('Use “Work mail”');
      byMail.fillsIn('Verification Code', await mailedCode(portal, ANN));
      await byMail.presses('Continue');
      assert.ok(isSignedIn(byMail), byMail.page.heading);
      const [first = ''] = codes;
      for (const works of [true, false]) {
        const lost = await signsIn(portal, ANN);
        await lost.follow('Use a recovery code');
        lost.fillsIn('Recovery code', first);
        await lost.presses('Continue');
        assert.equal(isSignedIn(lost), works);
      }
    });

    it('includes a trusted browser if the administrator allows it, and no other', async () => {
      await inAdministration('Policy');
      boss.fillsIn('Days for which a browser may be trusted', '30');
      await boss.presses('Save policy');
      ann = await signsIn(portal, ANN);
      await ann.follow('Use another authenticator');
      await ann.presses('Use “Phone”');
      ann.chooses(TRUST);
      await givesAppCode(portal, ann, app);
      await ann.presses('Sign out');
      await ann.visits('/sign-in');
      await givesPassword(ann, ANN);
      assert.ok(isSignedIn(ann), ann.page.heading);
      assert.equal((await signsIn(portal, ANN)).page.path, '/sign-in/code');
    });

    it('includes an import of people, a search, and their former password', async () => {
      await inAdministration('People');
      await boss.follow('Import people');
      boss.fillsIn('People', `email,name,password_hash\n${ZOE},Zoë 🦉,${BCRYPT}\nzac@example.org,Zac,\n`);
      await boss.presses('Import');
      assert.match(boss.page.text, /2 accounts were created/);
      boss.fillsIn('Name or email', 'zoë');
      await boss.presses('Search');
      assert.deepEqual(cells(boss).slice(0, 2), ['Zoë 🦉', ZOE]);
    });

    it('includes mandatory 2FA for a group, with a grace that ends', async () => {
      await inAdministration('Groups');
      await boss.follow('New group');
      boss.fillsIn('Name of the group', 'Agents');
      boss.chooses('Required');
      boss.chooses('A number of days after first sign-in');
      boss.fillsIn('Number of days (optional)', '7');
      await boss.presses('Save group');
      boss.fillsIn('Email of the person to add', ZOE);
      await boss.presses('Add');
      await boss.presses('Save');
      const signsZoeIn = async () => {
        const zoe = new Person(portal.app);
        await zoe.visits('/sign-in');
        await givesPassword(zoe, ZOE, 'lets try this one');
        return zoe;
      };
      const zoe = await signsZoeIn();
      await zoe.presses('Not now');
      assert.ok(isSignedIn(zoe));
      portal.wait(days(7));
      const late = await signsZoeIn();
      assert.equal(late.page.path, '/sign-in/set-up');
      assert.ok(!late.page.buttons.includes('Not now'));
      await late.follow('Set up authentication app');
      const hers = await scansQrCode(late);
      late.fillsIn('Authenticator Name', 'Phone');
      late.fillsIn('Verification Code', hers.code(portal.now()));
      await late.presses('Submit Code and Create');
      await late.presses('I have saved them. Continue');
      assert.ok(isSignedIn(late));
    });

    it('includes a reset of 2FA after lost access, and an audit log of everything', async () => {
      boss = await signsIn(portal, BOSS);
      await inAdministration('People');
      boss.fillsIn('Name or email', 'ANN@');
      await boss.presses('Search');
      await boss.follow('Ann Agent');
      await boss.follow('Reset 2FA');
      await boss.presses('Reset 2FA');
      const after = await signsIn(portal, ANN);
      assert.ok(isSignedIn(after), after.page.heading);
      await boss.follow('See this person in the audit log');
      const listed = cells(boss).join('; ');
      for (const event of ['2FA reset', 'Recovery code used', 'Browser trusted', 'Authenticator created'])
        assert.ok(listed.includes(event), event);
    });
  });
}
