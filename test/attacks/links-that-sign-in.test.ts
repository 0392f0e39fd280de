import assert from 'node:assert/strict';
import { linkIn } from '../support/mailbox.ts';
import { Person } from '../support/person.ts';
import { OPERATOR, onPortal } from '../support/portal.ts';
import { givesPassword, signsIn } from '../support/steps.ts';
import {
  canReachProfile,
  codesLeft,
  newEmail,
  trustsBrowser,
  victimOf,
  victimWithCodes,
} from '../support/victim.ts';

const NEXT = 'forty brown sparrows';

onPortal('An attacker with a mailed link', (portal) => {
  /** Opens the link of the next mail in an unknown browser, and chooses a password there. */
  async function choosesPassword(email: string): Promise<Person> {
    const link = linkIn(await portal().mailbox.next(email));
    const person = new Person(portal().app);
    await person.visits(link);
    const [label = ''] = person.page
      .$('label[for=newPassword]')
      .toArray()
      .map((one) => person.page.$(one).text());
    person.fillsIn(label.trim(), NEXT);
    await person.presses(person.page.buttons.at(-1) ?? 'no button');
    return person;
  }

  it('gets to the sign-in form by a reset, and from there to the second step: no part of 2FA is lost', async () => {
    const vera = await victimWithCodes(portal());
    const { authenticators, credentials } = portal().services;
    const factors = await authenticators.of(vera.account.id);
    await credentials.requestReset(vera.email, OPERATOR.origin);
    const thief = await choosesPassword(vera.email);
    assert.equal(thief.page.path, '/sign-in');
    assert.ok(!(await canReachProfile(thief)));
    await givesPassword(thief, vera.email, NEXT);
    assert.equal(thief.page.path, '/sign-in/code');
    assert.ok(!(await canReachProfile(thief)));
    assert.deepEqual(await authenticators.of(vera.account.id), factors);
    assert.equal(await codesLeft(portal(), vera.account), 10);
  });

  it('ends every session, every trusted browser and every half-finished sign-in by a reset', async () => {
    const vera = await victimOf(portal());
    const trusted = await trustsBrowser(portal(), vera);
    const half = await signsIn(portal(), vera.email);
    await portal().services.credentials.requestReset(vera.email, OPERATOR.origin);
    await choosesPassword(vera.email);
    for (const browser of [vera.browser, trusted]) assert.ok(!(await canReachProfile(browser)));
    assert.equal(
      (await half.loads('/sign-in/code')).headers['location'],
      '/sign-in?return-to=%2Fsign-in%2Fcode',
    );
    await trusted.visits('/sign-in');
    await givesPassword(trusted, vera.email, NEXT);
    assert.equal(trusted.page.path, '/sign-in/code');
  });

  it('is not signed in by an invitation, and has to set up 2FA like anybody if it is mandatory', async () => {
    await portal().services.settings.change({ twoFactor: { rule: 'mandatory', methods: ['app'] } });
    const email = newEmail('ivy');
    await portal().services.registration.invite({ email, name: 'Ivy Invited' }, 'administrator', OPERATOR);
    const person = await choosesPassword(email);
    assert.equal(person.page.path, '/sign-in');
    assert.ok(!(await canReachProfile(person)));
    await givesPassword(person, email, NEXT);
    assert.match(person.page.path, /^\/sign-in\/set-up/);
    assert.ok(!(await canReachProfile(person)));
    await portal().services.settings.change({ twoFactor: { rule: 'optional', methods: ['app', 'email'] } });
  });

  it('is not signed in by a sign-up', async () => {
    await portal().services.settings.change({ signUp: true });
    const email = newEmail('sue');
    await portal().services.registration.signUp({ email, name: 'Sue Sign-up' }, OPERATOR.origin);
    const person = await choosesPassword(email);
    assert.equal(person.page.path, '/sign-in');
    assert.ok(!(await canReachProfile(person)));
  });

  it('is not signed in by any other mailed link of the portal', async () => {
    const links = portal().mailbox.messages.flatMap(
      ({ text = '' }) => text.match(/https?:\/\/localhost\S+/g) ?? [],
    );
    assert.ok(links.length > 5);
    for (const link of new Set(links)) {
      const person = new Person(portal().app);
      await person.visits(link.replace(/[.)>]+$/, ''));
      assert.ok(!(await canReachProfile(person)), link);
    }
  });
});
