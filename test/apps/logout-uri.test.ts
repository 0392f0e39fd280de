import assert from 'node:assert/strict';
import { isLogoutUri } from '../../src/apps/logout-uri.ts';
import { oidcClientInput } from '../../src/apps/oidc-client.ts';

describe('The address for logouts', () => {
  const allowed = [
    'https://desk.example.org/auth/backchannel_logout',
    'https://desk.example.org/?a=1',
    'https://10.0.0.7:8443/logout',
    'http://localhost:3000/logout',
    'http://127.0.0.1/',
    'http://[::1]:8080/',
    'http://10.1.2.3/',
    'http://172.16.0.1/',
    'http://172.31.255.255/',
    'http://192.168.1.5:8080/logout',
    'http://100.64.0.9/',
    'http://[fd12:3456::1]/',
    'http://zammad:8080/logout',
    'http://desk.lan/',
    'http://desk.internal/',
    'http://desk.home.arpa/',
    'http://desk.local/',
  ];
  for (const uri of allowed) {
    it(`may be ${uri}`, () => assert.ok(isLogoutUri(uri)));
  }

  const refused = [
    'http://desk.example.org/logout',
    'http://10.example.org/',
    'http://192.168.1.5.example.org/',
    'http://8.8.8.8/',
    'http://172.32.0.1/',
    'http://100.128.0.1/',
    'http://169.254.169.254/latest/',
    'http://[fe80::1]/',
    'http://[2001:db8::1]/',
    'http://local.example.org/',
    'https://user:password@desk.example.org/',
    'https://desk.example.org/#fragment',
    'https://desk.example.org/#',
    'ftp://desk.example.org/',
    'javascript:alert(1)',
    'desk.example.org',
    '/logout',
    '',
  ];
  for (const uri of refused) {
    it(`must not be "${uri}"`, () => assert.ok(!isLogoutUri(uri)));
  }

  it('is what browsers read of a number', () => {
    assert.ok(isLogoutUri('http://0x0a000001/'));
    assert.ok(!isLogoutUri('http://134744072/'));
  });
});

describe('The address for logouts that somebody types', () => {
  const messages = (uri: string) =>
    oidcClientInput.shape.backchannelLogoutUri.safeParse(uri).error?.issues.map(({ message }) => message);

  it('may be plain http on the local network, which other addresses must not be', () => {
    assert.equal(messages('http://zammad:8080/logout'), undefined);
    assert.equal(messages('http://10.0.0.7/logout'), undefined);
    assert.deepEqual(messages('http://desk.example.org/logout'), ['app-address.not-https-local']);
    const { startUrl } = oidcClientInput.shape;
    const [issue] = startUrl.safeParse('http://zammad:8080/').error?.issues ?? [];
    assert.equal(issue?.message, 'app-address.not-https');
  });
});
