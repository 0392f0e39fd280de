import assert from 'node:assert/strict';
import { loadWords } from '../../../src/kernel/i18n.ts';
import { CREATION_TIMEOUT, type Engine } from '../../support/databases.ts';
import { until } from '../../support/until.ts';
import type { AppProxy } from '../app-proxies.ts';
import { Chain, type Member, PORTAL } from '../chain.ts';
import { signsInByPages } from '../steps.ts';
import { Visitor } from '../visitor.ts';
import { type OpenIdClient, registers } from './open-id-app.ts';

const words = loadWords().for('en');

/** What must hold for any app that signs people in by OpenID Connect. `further` tests get the same chain. */
export function signsIn(
  client: OpenIdClient,
  front: AppProxy,
  engine: Engine,
  further: (chain: () => Chain) => void = () => {},
): void {
  describe(`${client.name}, on ${engine.name}`, () => {
    let chain: Chain;
    let ann: Member;
    let visitor: Visitor;

    before(async function () {
      this.timeout(CREATION_TIMEOUT);
      chain = await Chain.open(front, engine, async (surroundings) => {
        const credentials = await registers(surroundings, { name: 'Wiki', ...client.registration });
        return client.start(surroundings, credentials);
      });
      ann = await chain.member();
    });

    after(() => chain?.close());

    it('leads a stranger to the sign-in, and shows who has signed in with password and app', async () => {
      visitor = await signsInOnTheWay(ann);
      assert.ok(visitor.page.text.includes(ann.email), visitor.page.text);
      assert.ok(visitor.url.startsWith(client.url), visitor.url);
    });

    it('asks for nothing more at the next page', async () => {
      const page = await visitor.sends({ url: client.url });
      assert.equal(page.status, 200);
      assert.ok(page.text.includes(ann.email), page.text);
    });

    it('lets somebody in who is signed in to the portal already', async () => {
      // The app forgets them, the portal does not.
      visitor.cookies.delete(new URL(client.url).host);
      await opens(visitor);
      assert.ok(visitor.page.text.includes(ann.email), visitor.page.text);
    });

    it('shows nobody to a stranger who comes back with an answer of their own', async () => {
      const stranger = new Visitor(chain);
      for (const uri of client.registration.redirectUris) {
        const forged = new URL(uri);
        for (const [name, value] of Object.entries({ code: 'x', state: 'y', iss: `${PORTAL}/oidc` }))
          forged.searchParams.set(name, value);
        const page = await stranger.visits(forged.href);
        assert.ok(!page.text.includes(ann.email), page.text);
      }
    });

    it('signs out of the app and of the portal', async () => {
      await visitor.visits(client.signOut.url);
      if (client.signOut.asks) {
        assert.ok(visitor.url.startsWith(PORTAL), visitor.url);
        await visitor.presses(words.t('apps.sign-out-button'));
      }
      if (client.signOut.arrives) assert.equal(visitor.url, client.signOut.arrives);
      await isOut(visitor, ann);
      await visitor.visits(`${PORTAL}/profile`);
      assert.ok(visitor.url.startsWith(`${PORTAL}/sign-in`), visitor.url);
    });

    if (client.hearsOfSignOuts) {
      it('hears that somebody has signed out at the portal, or has been disabled', async () => {
        for (const end of [signsOut, disabled]) {
          const member = await chain.member();
          const other = await signsInOnTheWay(member);
          assert.ok(await isIn(other, member), other.page.text);
          await end(other, member);
          await until('the app has heard of it', async () => !(await isIn(other, member)) || undefined);
          assert.ok(other.url.startsWith(`${PORTAL}/sign-in`), other.url);
        }
      });
    }

    further(() => chain);

    async function signsInOnTheWay(member: Member): Promise<Visitor> {
      const somebody = new Visitor(chain);
      await opens(somebody);
      assert.ok(somebody.url.startsWith(`${PORTAL}/sign-in`), somebody.url);
      await signsInByPages(somebody, member, words);
      return somebody;
    }

    async function opens(somebody: Visitor): Promise<void> {
      await somebody.visits(client.url);
      if (client.begins) await somebody.presses(client.begins);
    }

    /** Whether the app knows them, without asking the portal anew. */
    async function isIn(somebody: Visitor, { email }: Member): Promise<boolean> {
      const page = await somebody.visits(client.url);
      return new URL(somebody.url).host === new URL(client.url).host && page.text.includes(email);
    }

    async function isOut(somebody: Visitor, member: Member): Promise<void> {
      await opens(somebody);
      assert.ok(somebody.url.startsWith(`${PORTAL}/sign-in`), somebody.url);
      assert.ok(!somebody.page.text.includes(member.email), somebody.page.text);
    }

    async function signsOut(somebody: Visitor): Promise<void> {
      await somebody.visits(`${PORTAL}/`);
      await somebody.presses('Sign out');
    }

    async function disabled(_somebody: Visitor, { email }: Member): Promise<void> {
      await chain.operator(['user', 'disable', email]);
    }
  });
}
