import assert from 'node:assert/strict';
import { appAddress, appAddresses, LONGEST_ADDRESS, MOST_ADDRESSES } from '../../src/apps/app-addresses.ts';

describe('An address of an app', () => {
  for (const address of [
    'https://desk.example.org/callback',
    'https://desk.example.org',
    'https://desk.example.org?app=1',
    'https://desk.example.org:8443/a/b?c=d&e=%2F',
    'https://xn--bcher-kva.example/callback',
    'https://192.168.1.5/callback',
    'http://localhost/callback',
    'http://localhost:8080/callback',
    'http://127.0.0.1:8000/',
    'http://[::1]:8000/',
  ]) {
    it(`may be ${address}, and is kept as it is`, () => {
      assert.equal(appAddress().parse(` ${address} \n`), address);
    });
  }

  const refused: readonly (readonly [string, string])[] = [
    ['', 'form'],
    ['desk.example.org/callback', 'form'],
    ['//desk.example.org/callback', 'form'],
    ['ftp://desk.example.org/', 'form'],
    ['javascript:alert(1)//https://desk.example.org', 'form'],
    ['org.example.app:/callback', 'form'],
    ['https://desk.example.org\\@evil.example/', 'form'],
    ['https://desk.example.org/a b', 'form'],
    ['https://desk.example.org/\n/b', 'form'],
    ['https://bücher.example/', 'form'],
    ['HTTPS://desk.example.org/', 'form'],
    ['https://DESK.example.org/', 'form'],
    ['https://desk.example.org:443/', 'form'],
    ['https://', 'form'],
    ['https://desk.example.org/#part', 'fragment'],
    ['https://desk.example.org/#', 'fragment'],
    ['https://*.example.org/', 'wildcard'],
    ['https://desk.example.org/*', 'wildcard'],
    ['https://ann@desk.example.org/', 'credentials'],
    ['https://ann:secret@desk.example.org/', 'credentials'],
    ['https://desk.example.org@evil.example/', 'credentials'],
    ['http://desk.example.org/', 'not-https'],
    ['http://192.168.1.5/', 'not-https'],
    ['http://localhost.evil.example/', 'not-https'],
  ];
  for (const [address, reason] of refused) {
    it(`is refused as ${reason}: ${JSON.stringify(address)}`, () => {
      const [issue] = appAddress().safeParse(address).error?.issues ?? [];
      assert.ok(issue?.code === 'custom');
      assert.equal(issue.message, `app-address.${reason}`);
      assert.deepEqual(issue.params, { address: address.trim() });
    });
  }

  it('is bounded, whatever is in it', () => {
    const long = `https://desk.example.org/${'a'.repeat(LONGEST_ADDRESS)}`;
    assert.equal(appAddress().safeParse(long).error?.issues[0]?.message, 'error.too-long');
    assert.equal(appAddress().safeParse('#'.repeat(1e6)).error?.issues.length, 1);
    for (const value of [7, null, ['https://desk.example.org/'], {}]) {
      assert.equal(appAddress().safeParse(value).success, false);
    }
  });

  it('is in a list once, and a list is short', () => {
    const list = Array.from({ length: MOST_ADDRESSES }, (_, index) => `https://desk.example.org/${index}`);
    assert.deepEqual(appAddresses().parse(list), list);
    const error = (value: unknown) => appAddresses().safeParse(value).error?.issues[0]?.message;
    assert.equal(error([...list, 'https://desk.example.org/more']), 'app-address.too-many');
    assert.equal(error(['https://a.example/', ' https://a.example/']), 'app-address.twice');
    assert.equal(error(['https://a.example/', 'x']), 'app-address.form');
  });
});
