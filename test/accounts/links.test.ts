import assert from 'node:assert/strict';
import { LINK_LIFETIME, type Link, type LinkPurpose, Links } from '../../src/accounts/links.ts';
import { days, hours } from '../../src/kernel/time.ts';
import { ManualClock } from '../support/clock.ts';
import { MemoryLinks } from '../support/memory.ts';

const PURPOSES: readonly LinkPurpose[] = ['setup', 'invitation', 'password reset', 'sign-up'];

describe('one-time links', () => {
  let clock: ManualClock;
  let store: RecordingLinks;
  let links: Links;

  beforeEach(() => {
    clock = new ManualClock();
    store = new RecordingLinks();
    links = new Links(store, clock.read);
  });

  async function looked(purpose: LinkPurpose, token: string): Promise<Link> {
    const link = await links.look(purpose, token);
    assert.ok(link, 'the link is live');
    return link;
  }

  it('open with their token and name their purpose', async () => {
    const token = await links.issue('password reset', { accountId: 'ann' });
    const { purpose, accountId, email, name } = await looked('password reset', token);
    assert.deepEqual(
      { purpose, accountId, email, name },
      { purpose: 'password reset', accountId: 'ann', email: null, name: null },
    );
    const signUp = await looked(
      'sign-up',
      await links.issue('sign-up', { email: 'b@example.org', name: 'Ben' }),
    );
    assert.deepEqual([signUp.accountId, signUp.email, signUp.name], [null, 'b@example.org', 'Ben']);
  });

  it('have a token of 160 random bits, safe in a URL, of which only a hash is stored', async () => {
    const tokens: string[] = [];
    for (let time = 0; time < 100; time++)
      tokens.push(await links.issue('invitation', { accountId: `a${time}` }));
    assert.equal(new Set(tokens).size, 100);
    for (const token of tokens) {
      assert.match(token, /^[\w-]{27}$/);
      assert.equal(Buffer.from(token, 'base64url').length, 20);
      assert.ok(!JSON.stringify(store.seen).includes(token));
    }
  });

  it('can be viewed any number of times, and used once', async () => {
    const token = await links.issue('invitation', { accountId: 'ann' });
    const link = await looked('invitation', token);
    assert.deepEqual(await looked('invitation', token), link);
    assert.equal(await links.spend(link), true);
    assert.equal(await links.spend(link), false);
    assert.equal(await links.look('invitation', token), undefined);
  });

  it('are used by one of twenty concurrent requests', async () => {
    const link = await looked('setup', await links.issue('setup', {}));
    const spent = await Promise.all(Array.from({ length: 20 }, () => links.spend(link)));
    assert.equal(spent.filter(Boolean).length, 1);
  });

  it('expire after the time for their purpose, to the millisecond', async () => {
    assert.deepEqual(LINK_LIFETIME, {
      setup: days(7),
      invitation: days(7),
      'password reset': hours(1),
      'sign-up': days(1),
      'cancel request': days(30),
    });
    for (const purpose of PURPOSES) {
      const token = await links.issue(purpose, { accountId: 'ann' });
      clock.passes(LINK_LIFETIME[purpose] - 1);
      const link = await looked(purpose, token);
      clock.passes(1);
      assert.equal(await links.look(purpose, token), undefined, purpose);
      assert.equal(await links.spend(link), false, `${purpose}: looked at in time, used too late`);
    }
  });

  it('are replaced by a later one for the same purpose and account', async () => {
    const first = await links.issue('password reset', { accountId: 'ann' });
    const link = await looked('password reset', first);
    const second = await links.issue('password reset', { accountId: 'ann' });
    assert.equal(await links.look('password reset', first), undefined);
    assert.equal(await links.spend(link), false, 'nor is a page that was open already worth anything');
    assert.equal(await links.spend(await looked('password reset', second)), true);
  });

  it('are replaced for the same address in any spelling, and for the set-up', async () => {
    const first = await links.issue('sign-up', { email: 'Ann@Example.org', name: 'Ann' });
    await links.issue('sign-up', { email: 'ann@example.org', name: 'Ann' });
    assert.equal(await links.look('sign-up', first), undefined);
    const setup = await links.issue('setup', {});
    await links.issue('setup', {});
    assert.equal(await links.look('setup', setup), undefined);
  });

  it('leave links of other purposes, accounts and addresses valid', async () => {
    const invitation = await links.issue('invitation', { accountId: 'ann' });
    const reset = await links.issue('password reset', { accountId: 'ann' });
    const bens = await links.issue('password reset', { accountId: 'ben' });
    const ann = await links.issue('sign-up', { email: 'ann@example.org' });
    const ben = await links.issue('sign-up', { email: 'ben@example.org' });
    await looked('invitation', invitation);
    await looked('password reset', reset);
    await looked('password reset', bens);
    await looked('sign-up', ann);
    await looked('sign-up', ben);
  });

  it('open only their own purpose', async () => {
    for (const purpose of PURPOSES) {
      const token = await links.issue(purpose, { accountId: 'ann' });
      for (const other of PURPOSES.filter((candidate) => candidate !== purpose)) {
        assert.equal(await links.look(other, token), undefined, `${purpose} as ${other}`);
      }
    }
  });

  it('do not open with any other token', async () => {
    const token = await links.issue('invitation', { accountId: 'ann' });
    for (const wrong of ['', token.slice(0, -1), `${token}A`, token.toUpperCase(), ' '.repeat(27)]) {
      assert.equal(await links.look('invitation', wrong), undefined);
    }
    const [hash = ''] = store.seen.map(({ tokenHash }) => tokenHash);
    assert.equal(await links.look('invitation', hash), undefined, 'what the database holds opens nothing');
  });

  it('end all together for an account', async () => {
    const tokens = [
      await links.issue('invitation', { accountId: 'ann' }),
      await links.issue('password reset', { accountId: 'ann' }),
    ];
    const bens = await links.issue('password reset', { accountId: 'ben' });
    await links.dropFor('ann');
    const [invitation = '', reset = ''] = tokens;
    assert.equal(await links.look('invitation', invitation), undefined);
    assert.equal(await links.look('password reset', reset), undefined);
    await looked('password reset', bens);
  });
});

/** Records the arguments of the store. */
class RecordingLinks extends MemoryLinks {
  readonly seen: { readonly link: Link; readonly tokenHash: string }[] = [];

  override async replace(link: Link, tokenHash: string): Promise<void> {
    this.seen.push({ link, tokenHash });
    await super.replace(link, tokenHash);
  }
}
