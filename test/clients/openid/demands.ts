import assert from 'node:assert/strict';
import { loadWords } from '../../../src/kernel/i18n.ts';
import { PASSWORD } from '../../support/portal.ts';
import { Visitor } from '../visitor.ts';
import { answerAt, isAtPortal, type OpenIdSite } from './site.ts';

const { t } = loadWords().for('en');

/** What a client asks for beyond the app's own demand: it can only ask for more. */
export function demands(site: () => OpenIdSite): void {
  it('says that nobody is signed in, if the client wants no question (prompt=none)', async () => {
    const { chain, apps } = site();
    const stranger = new Visitor(chain);
    const asked = await apps.basic.asks({ prompt: 'none' });
    await stranger.visits(asked.url);
    const answer = answerAt(stranger);
    assert.deepEqual([answer.get('error'), answer.get('state')], ['login_required', asked.state]);
  });

  it('answers without a question who is signed in (prompt=none)', async () => {
    const { apps, ann, visitor } = site();
    const tokens = await apps.basic.signsIn(visitor, { prompt: 'none' });
    assert.equal(tokens.claims()?.['email'], ann.email);
  });

  describe('with somebody who has a password and nothing else', () => {
    let bob: Visitor;
    before(async () => {
      const { chain, apps } = site();
      const email = 'bob@example.org';
      await chain.operator(['user', 'create', email, '--name', 'Bob'], PASSWORD);
      bob = new Visitor(chain);
      await bob.visits((await apps.modest.asks()).url);
      bob.fillsIn(t('field.email'), email);
      await givesPassword();
      // The page that suggests a second factor comes first.
      await bob.visits((await apps.modest.asks()).url);
      assert.ok(answerAt(bob).has('code'), bob.url);
    });

    async function givesPassword() {
      bob.fillsIn(t('field.password'), PASSWORD);
      await bob.presses(t('sign-in.submit'));
    }

    it('says no more than that', async () => {
      const { apps } = site();
      const claims = (await apps.modest.signsIn(bob)).claims();
      assert.deepEqual([claims?.['acr'], claims?.['amr']], ['urn:postern:acr:password', ['pwd']]);
    });

    it('signs in to no app that asks for more, with or without a question', async () => {
      const { apps } = site();
      await bob.visits((await apps.basic.asks()).url);
      assert.ok(isAtPortal(bob), bob.url);
      await bob.visits((await apps.basic.asks({ prompt: 'none' })).url);
      const error = answerAt(bob).get('error') ?? '';
      assert.match(error, /^(interaction_required|login_required|unmet_authentication_requirements)$/);
    });

    it('asks for more where the client does (acr_values)', async () => {
      const { apps } = site();
      for (const acr_values of ['urn:postern:acr:second-step', 'urn:postern:acr:strong']) {
        await bob.visits((await apps.modest.asks({ acr_values })).url);
        assert.ok(isAtPortal(bob), bob.url);
      }
      const tokens = await apps.modest.signsIn(bob, { acr_values: 'urn:postern:acr:password' });
      assert.equal(tokens.claims()?.['acr'], 'urn:postern:acr:password');
    });

    it('asks for less nowhere', async () => {
      const { apps } = site();
      await bob.visits((await apps.basic.asks({ acr_values: 'urn:postern:acr:password' })).url);
      assert.ok(isAtPortal(bob), bob.url);
    });

    it('says when the password was given, and asks again if that is too long ago (max_age)', async () => {
      const { apps } = site();
      const before = (await apps.modest.signsIn(bob, { max_age: '86400' })).claims();
      assert.equal(typeof before?.auth_time, 'number');
      for (const parameters of [{ max_age: '0' }, { prompt: 'login' }]) {
        const asked = await apps.modest.asks(parameters);
        await bob.visits(asked.url);
        assert.ok(isAtPortal(bob), JSON.stringify(parameters));
        await confirmsPassword();
        const claims = (await apps.modest.tokens(asked, bob.url, { maxAge: 60 })).claims();
        assert.ok(Number(claims?.auth_time) >= Number(before?.auth_time));
      }
    });

    async function confirmsPassword() {
      bob.fillsIn(t('field.password'), PASSWORD);
      await bob.presses(t('step-up.submit'));
    }
  });
}
