import assert from 'node:assert/strict';
import { Person } from '../support/person.ts';
import { openPortal, type TestPortal } from '../support/portal.ts';
import { scansQrCode, signsIn } from '../support/steps.ts';
import { newEmail } from '../support/victim.ts';

/** BREACH: text that is compressed together with a right guess is shorter than with a wrong one, also encrypted. */
describe('An attacker who guesses at secrets by the length of compressed pages', () => {
  const CHOSEN = 'name=JBSWY3DP';
  let portal: TestPortal;
  let vera: Person;
  const email = newEmail('vera');

  before(async () => {
    portal = await openPortal('database');
    await portal.account(email, 'administrator');
    vera = await signsIn(portal, email, { compressed: true });
  });
  after(() => portal.close());

  const encoding = (person: Person) => person.page.headers['content-encoding'];
  const tokenOf = (person: Person) => String(person.page.$('input[name=_csrf]').attr('value'));

  /** Vera's browser with the same session, sent to an address by the attacker's page. */
  async function ledTo(address: string): Promise<Person> {
    const browser = vera.copy({ headers: { 'Sec-Fetch-Site': 'cross-site' } });
    await browser.visits(address);
    return browser;
  }

  it('finds a different CSRF token on each page: no part of it repeats', async () => {
    const stranger = new Person(portal.app, { compressed: true });
    for (const person of [stranger, vera]) {
      const tokens = new Set<string>();
      for (let visit = 0; visit < 8; visit++) {
        await person.visits(person === stranger ? '/sign-in' : '/profile/password');
        assert.equal(encoding(person), 'gzip');
        tokens.add(tokenOf(person));
      }
      const pieces = [...tokens].flatMap((token) => piecesOf(token, 6));
      assert.equal(tokens.size, 8);
      assert.equal(new Set(pieces).size, pieces.length);
    }
  });

  it('cannot have a Setup Key compressed beside a text of their choice, by a URL or by a form', async () => {
    await vera.visits('/profile/two-factor/set-up/app');
    assert.equal(encoding(vera), 'gzip', 'nothing of it is chosen');
    const key = vera.page.$('#setup-key').text();
    const led = await ledTo(`/profile/two-factor/set-up/app?${CHOSEN}`);
    assert.equal(led.page.$('#setup-key').text(), key);
    assert.equal(encoding(led), undefined);
    vera.fillsIn('Authenticator Name', CHOSEN);
    vera.fillsIn('Verification Code', '000000');
    await vera.presses('Submit Code and Create');
    assert.equal(vera.page.$('#setup-key').text(), key);
    assert.equal(vera.page.status, 422);
    assert.equal(encoding(vera), undefined);
    await vera.visits(`/profile/two-factor/set-up/app/qr-code?${CHOSEN}`);
    assert.equal(encoding(vera), undefined);
  });

  it('cannot have recovery codes compressed beside a text of their choice', async () => {
    await vera.visits('/profile/two-factor/set-up/app');
    const app = await scansQrCode(vera);
    vera.fillsIn('Authenticator Name', 'Phone');
    vera.fillsIn('Verification Code', app.code(portal.now()));
    await vera.presses('Submit Code and Create');
    assert.equal(encoding(vera), 'gzip', 'nothing of it is chosen');
    const codes = vera.page.$('.recovery-codes').text();
    await vera.visits(`/profile/two-factor/recovery-codes?${CHOSEN}`);
    assert.equal(vera.page.$('.recovery-codes').text(), codes);
    assert.ok(codes.length > 100, codes);
    assert.equal(encoding(vera), undefined);
  });

  it('cannot have addresses compressed beside the search term of their link', async () => {
    const led = await ledTo(`/admin/people?search=${email.slice(0, 4)}`);
    assert.ok(led.page.text.includes(email));
    assert.equal(encoding(led), undefined);
    await vera.visits(`/admin/people?search=${email.slice(0, 4)}`);
    assert.equal(encoding(vera), 'gzip', 'her own search is');
  });
});

/** All substrings of this length, each once. */
function piecesOf(token: string, length: number): string[] {
  return [
    ...new Set(Array.from({ length: token.length - length + 1 }, (_, at) => token.slice(at, at + length))),
  ];
}
