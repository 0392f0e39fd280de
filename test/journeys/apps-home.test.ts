import assert from 'node:assert/strict';
import { appWith } from '../support/app-host.ts';
import { Person } from '../support/person.ts';
import { groupWith, siteRuleIs } from '../support/policies.ts';
import { OPERATOR, onPortal } from '../support/portal.ts';
import { givesPassword, signsIn } from '../support/steps.ts';
import { newEmail } from '../support/victim.ts';

const HELP = 'https://help.example.net';

onPortal(
  'The front page with apps',
  (portal) => {
    beforeEach(async () => {
      await siteRuleIs(portal(), { rule: 'optional' });
      for (const { id } of await portal().services.apps.all()) {
        const app = await portal().services.apps.find(id);
        if (app) await portal().services.apps.remove(app, OPERATOR);
      }
    });

    /** An account that has already seen the suggestion of 2FA. */
    async function knownAccount() {
      const account = await portal().account(newEmail('ann'));
      await signsIn(portal(), account.email);
      return account;
    }
    const appLinks = ({ page }: Person) =>
      page.links.filter(({ href }) => href.startsWith('https://wiki')).map(({ text, href }) => [text, href]);

    it('lists the apps that the person may use, with their addresses, beside their 2FA', async () => {
      const account = await knownAccount();
      const agents = await groupWith(portal(), { rule: 'off' }, [account]);
      const others = await groupWith(portal(), { rule: 'off' });
      const [open, theirs] = [await appWith(portal()), await appWith(portal(), { audience: [agents.id] })];
      await appWith(portal(), { audience: [others.id] });
      await appWith(portal(), { audience: [] });
      const strong = await appWith(portal(), { proof: 'strong' });
      const ann = await signsIn(portal(), account.email);
      assert.equal(ann.page.path, '/');
      const links = [open, theirs, strong].map(({ name, origin }) => [name, `${origin}/`]);
      assert.deepEqual(appLinks(ann), links);
      assert.ok(ann.page.text.includes(open.host));
      assert.match(ann.page.text, /Your 2FA/);
      await siteRuleIs(portal(), { rule: 'optional', methods: ['email'] });
      await ann.visits('/');
      assert.deepEqual(appLinks(ann), links.slice(0, 2), 'what cannot be met is not offered');
    });

    it('is skipped by a sign-in of a person with one app, which leads on to that app', async () => {
      const account = await knownAccount();
      const others = await groupWith(portal(), { rule: 'off' });
      const app = await appWith(portal());
      await appWith(portal(), { audience: [others.id] });
      const ann = await signsIn(portal(), account.email);
      assert.equal(ann.page.path, '/apps/start');
      assert.equal(ann.page.headers['refresh'], `0; url=${app.origin}/`);
      assert.deepEqual(
        appLinks(ann),
        [[`Open “${app.name}”`, `${app.origin}/`]],
        'for browsers that do not go on',
      );
      await ann.follow('Back to your account');
      assert.equal(ann.page.path, '/');
      assert.equal(ann.page.headers['refresh'], undefined);
    });

    it('comes after the sign-in of a person with several apps or none', async () => {
      const account = await knownAccount();
      await appWith(portal(), { audience: [] });
      assert.equal((await signsIn(portal(), account.email)).page.path, '/');
      await appWith(portal());
      await appWith(portal());
      assert.equal((await signsIn(portal(), account.email)).page.path, '/');
    });

    it('does not replace another return path', async () => {
      const account = await knownAccount();
      await appWith(portal());
      const ann = new Person(portal().app);
      await ann.visits('/profile/name');
      await givesPassword(ann, account.email);
      assert.equal(ann.page.path, '/profile/name');
    });

    it('has the link to the help center until an app with its origin replaces it', async () => {
      const account = await knownAccount();
      const ann = await signsIn(portal(), account.email);
      const isLinked = () =>
        ann.page.links.some(({ href, text }) => href === `${HELP}/start` && text.startsWith('Go to'));
      await ann.visits('/');
      assert.ok(isLinked());
      await appWith(portal(), { name: 'Help', origin: HELP });
      await ann.visits('/');
      assert.ok(!isLinked());
      assert.ok(ann.page.links.some(({ href, text }) => href === `${HELP}/` && text === 'Help'));
    });
  },
  { HELP_CENTER_URL: `${HELP}/start` },
);
