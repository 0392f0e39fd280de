import assert from 'node:assert/strict';
import { Person } from '../support/person.ts';
import { OPERATOR, openPortal, PASSWORD, type TestPortal } from '../support/portal.ts';
import { givesPassword, signsIn } from '../support/steps.ts';
import { givesAppCode, newEmail, type Victim, victimOf } from '../support/victim.ts';

describe('The log has events with names of the OWASP vocabulary', () => {
  let portal: TestPortal;
  let vera: Victim;
  before(async () => {
    portal = await openPortal('database');
    vera = await victimOf(portal);
  });
  after(() => portal.close());

  type Line = Readonly<Record<string, unknown>>;

  /** The lines of events from this work. */
  async function linesOf(work: () => Promise<unknown>): Promise<readonly Line[]> {
    const before = portal.log().length;
    await work();
    const lines: Line[] = portal
      .log()
      .slice(before)
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line));
    return lines.filter((line) => 'event' in line);
  }

  const named = (lines: readonly Line[]) => lines.map(({ level, event, audit }) => [level, event, audit]);
  const [INFO, WARN] = [30, 40];

  it('for a sign-in, with its failures', async () => {
    const person = new Person(portal.app);
    await person.visits('/sign-in');
    const lines = await linesOf(async () => {
      await givesPassword(person, vera.email, 'a wrong password');
      await givesPassword(person, vera.email, PASSWORD);
      person.fillsIn('Verification Code', '000000');
      await person.presses('Continue');
      await givesAppCode(portal, person, vera.app);
      await person.presses('Sign out');
    });
    assert.deepEqual(named(lines), [
      [WARN, 'authn_login_fail', 'sign-in.password-refused'],
      [INFO, 'session_created', 'sign-in.password-accepted'],
      [WARN, 'authn_login_fail', 'second-step.refused'],
      [INFO, 'authn_login_success', 'sign-in.completed'],
      [INFO, 'session_expired', 'sign-out'],
    ]);
    for (const line of lines) {
      assert.equal(line['person'], vera.account.id);
      assert.match(String(line['address']), /^(::ffff:)?127\.0\.0\.1$|^::1$/);
      assert.ok(portal.log().includes(`"requestId":"${line['requestId']}","method":"POST"`));
    }
    assert.deepEqual([lines[2]?.['method'], lines[2]?.['fault']], ['app', 'wrong']);
    assert.doesNotMatch(JSON.stringify(lines), /example\.org|wrong password|000000/);
  });

  it('for an unknown address, without the address: somebody may have typed a password there', async () => {
    const person = new Person(portal.app);
    await person.visits('/sign-in');
    const lines = await linesOf(() => givesPassword(person, 'hunter2@hunter2.example', 'hunter2'));
    assert.deepEqual(named(lines), [[WARN, 'authn_login_fail', 'sign-in.password-refused']]);
    assert.deepEqual([lines[0]?.['person'], lines[0]?.['by']], [null, null]);
    assert.doesNotMatch(JSON.stringify(lines), /hunter2/);
  });

  it('for what an administrator does, to whom', async () => {
    const { account } = vera;
    const ada = await portal.account(newEmail('ada'), 'administrator');
    const actor = { ...OPERATOR, party: { id: ada.id, label: ada.email } };
    const lines = await linesOf(() =>
      portal.services.administration.enforceTwoFactor(account, { kind: 'none' }, actor),
    );
    assert.deepEqual(named(lines), [[WARN, 'authz_admin', 'two-factor.enforced']]);
    assert.deepEqual([lines[0]?.['person'], lines[0]?.['by']], [account.id, ada.id]);
  });

  it('for an attempt to get to a forbidden page', async () => {
    const email = newEmail('ann');
    const { id } = await portal.account(email);
    const ann = await signsIn(portal, email);
    const lines = await linesOf(() => ann.loads('/admin/people'));
    assert.deepEqual(named(lines), [[WARN, 'authz_fail', 'access.denied']]);
    assert.equal(lines[0]?.['person'], id);
  });

  it('for a form from another site, one that is not a form, and fields with a wrong form, with their names', async () => {
    const person = new Person(portal.app);
    await person.visits('/sign-in');
    const { fields } = person.form('Sign in');
    const elsewhere = person.copy({ headers: { 'Sec-Fetch-Site': 'cross-site' } });
    const foreign = await linesOf(() => elsewhere.submitsRaw('POST', '/sign-in', fields));
    assert.deepEqual(named(foreign), [[WARN, 'malicious_cors', undefined]]);
    const large = await linesOf(() => person.submitsRaw('POST', '/sign-in', { text: 'x'.repeat(100_000) }));
    assert.deepEqual(named(large), [[WARN, 'input_validation_fail', undefined]]);
    const arrays = await linesOf(() =>
      person.submitsRaw('POST', '/sign-in', {
        ...fields,
        email: ['a@x', 'b@x'],
        password: ['secret-1', 'secret-2'],
      }),
    );
    assert.deepEqual(named(arrays), [[WARN, 'input_validation_fail', undefined]]);
    assert.deepEqual(arrays[0]?.['fields'], ['email', 'password']);
    assert.doesNotMatch(portal.log(), /secret-1|xxxxx|a@x/);
  });

  it('and none for what was rolled back', async () => {
    const nobody = { ...vera.account, id: 'nobody' };
    const lines = await linesOf(() =>
      assert.rejects(portal.services.completion.complete(nobody, OPERATOR, []), /FOREIGN KEY/),
    );
    assert.deepEqual(lines, []);
  });
});
