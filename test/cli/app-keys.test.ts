import assert from 'node:assert/strict';
import { decodeProtectedHeader } from 'jose';
import { seconds } from '../../src/kernel/time.ts';
import { asks, OPEN_ID_PORTAL, RelyingParty } from '../support/relying-party.ts';
import { signsIn } from '../support/steps.ts';
import { runs } from './command-line.ts';
import { usePortalOnFile } from './portal-on-file.ts';

describe('The command line: signing keys of OpenID Connect', () => {
  const { portal, environment, command } = usePortalOnFile(OPEN_ID_PORTAL);

  it('are rotated: a running server signs with the next one within seconds, and no app notices', async () => {
    const party = await RelyingParty.of(portal());
    await portal().account('ann@example.org');
    const ann = await signsIn(portal(), 'ann@example.org', { origin: OPEN_ID_PORTAL });
    const kidOf = async () => decodeProtectedHeader((await party.signsIn(ann)).id_token ?? '').kid;
    const kids = async () => {
      const { body } = await asks(portal(), { method: 'GET', path: '/oidc/jwks' });
      return (body['keys'] as readonly { readonly kid: string }[]).map(({ kid }) => kid);
    };
    const [before, known] = [await kidOf(), await kids()];
    const ran = await command('app', 'rotate-keys');
    assert.equal(ran.code, 0, ran.errors);
    assert.match(ran.output, /The next keys sign from now on/);
    portal().wait(seconds(5));
    const after = await kidOf();
    assert.ok(after !== undefined && after !== before && known.includes(after));
    assert.ok(before !== undefined && (await kids()).includes(before));
    const { events } = await portal().services.audit.search({
      ...{ event: 'signing-keys.rotated', page: 1, pageSize: 9 },
    });
    assert.equal(events.length, 1);
  });

  it('are encrypted again, with the secrets of apps, under a new secret of the operator', async () => {
    const party = await RelyingParty.of(portal());
    await portal().account('ann@example.org');
    const ann = await signsIn(portal(), 'ann@example.org', { origin: OPEN_ID_PORTAL });
    await party.signsIn(ann);
    const ran = await runs(environment(), ['keys', 'rotate']);
    assert.equal(ran.code, 0, ran.errors);
    assert.match(ran.output, /secrets and signing keys of apps: 6/);
    const again = await runs(environment(), ['keys', 'rotate', '--keep-secret']);
    assert.doesNotMatch(again.output, /signing keys/);
    // The running server reads what is sealed under the new secret, and what is under the old one.
    portal().wait(seconds(5));
    assert.ok((await party.signsIn(ann)).id_token);
  });
});
