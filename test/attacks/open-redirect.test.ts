import assert from 'node:assert/strict';
import { Person } from '../support/person.ts';
import { onPortal, PASSWORD } from '../support/portal.ts';
import { givesPassword } from '../support/steps.ts';
import { givesAppCode, newEmail, signsInFully, type Victim, victimOf } from '../support/victim.ts';

const ELSEWHERE = [
  'https://evil.example/',
  '//evil.example',
  '///evil.example',
  '/\\evil.example',
  '\\\\evil.example',
  '/\t/evil.example',
  '\t//evil.example',
  '/\r\n/evil.example',
  '/%09/evil.example',
  'javascript:alert(1)',
  'data:text/html,x',
  'http:evil.example',
  'http://localhost:3000@evil.example',
  '/.//evil.example',
  '/..//evil.example',
  '/profile/..//evil.example',
  '@evil.example',
  '.evil.example',
  ' //evil.example',
  '/\u0000/evil.example',
];

onPortal('An attacker who wants people to land on another site after signing in', (portal) => {
  let vera: Victim;

  before(async () => {
    vera = await victimOf(portal());
  });

  /** Where a browser would go from this page of the portal. */
  function isOwn(location: string | undefined): boolean {
    return new URL(location ?? '', 'http://localhost:3000/sign-in').origin === 'http://localhost:3000';
  }

  it('sends them home from the address and the form of the sign-in page', async () => {
    const email = newEmail('ann');
    await portal().account(email);
    for (const [index, returnTo] of ELSEWHERE.entries()) {
      // Alternately, and both for those that browsers accept most readily.
      for (const query of index < 4 ? [returnTo, '/profile'] : [index % 2 === 0 ? returnTo : '/profile']) {
        const person = new Person(portal().app);
        await person.visits(`/sign-in?return-to=${encodeURIComponent(query)}`);
        const own = person.form('Sign in').fields;
        const fields = { ...own, email, password: PASSWORD, ...(query === '/profile' && { returnTo }) };
        const answer = await person.submitsRaw('POST', '/sign-in', fields);
        assert.equal(answer.status, 303);
        const said = `${JSON.stringify(returnTo)}: ${answer.headers['location']}`;
        assert.ok(isOwn(answer.headers['location']), said);
        await person.goesOnFrom(answer);
        for (const { href } of person.page.links) assert.ok(isOwn(href), `${said}: ${href}`);
      }
    }
  });

  it('sends them home after the second step', async () => {
    for (const returnTo of ['//evil.example', '/\\evil.example', 'https://evil.example/']) {
      const person = new Person(portal().app);
      await person.visits(`/sign-in?return-to=${encodeURIComponent(returnTo)}`);
      await givesPassword(person, vera.email);
      await givesAppCode(portal(), person, vera.app);
      assert.equal(person.page.path, '/', returnTo);
    }
  });

  it('sends them home after the step-up and the page that suggests 2FA', async () => {
    const person = await signsInFully(portal(), vera);
    for (const returnTo of ELSEWHERE) {
      const query = `return-to=${encodeURIComponent(returnTo)}`;
      const fresh = await person.loads(`/step-up?${query}`);
      assert.ok(isOwn(fresh.headers['location']), returnTo);
      const suggestion = await person.loads(`/profile/two-factor/suggestion?${query}`);
      assert.equal(suggestion.status, 200);
      for (const { href } of suggestion.links) assert.ok(isOwn(href), `${returnTo}: ${href}`);
    }
    portal().wait(10 * 60_000);
    await person.visits('/step-up?return-to=%2F%2Fevil.example');
    const answer = await person.submitsRaw('POST', '/step-up', {
      password: PASSWORD,
      returnTo: '//evil.example',
    });
    await person.goesOnFrom(answer);
    await givesAppCode(portal(), person, vera.app);
    assert.equal(person.page.path, '/');
  });

  it('sends nobody to another site by a path that looks like another host', async () => {
    const person = await signsInFully(portal(), vera);
    for (const path of [
      '//evil.example',
      '//evil.example/..',
      '/%2F/evil.example',
      '/\\evil.example',
      '/%5Cevil.example/',
    ]) {
      for (const one of [person, new Person(portal().app)]) {
        const { status, headers } = await one.copy().loads(`http://localhost:3000${path}`);
        assert.ok(status < 500);
        if (headers['location'] !== undefined)
          assert.ok(isOwn(headers['location']), `${path}: ${headers['location']}`);
      }
    }
  });
});
