import assert from 'node:assert/strict';
import { canonicalAddress, clientKey } from '../../src/limits/client-address.ts';

/** Input from proxies, its displayed form, and the key that it counts under. */
const ADDRESSES: readonly (readonly [written: string, shown: string, counted: string])[] = [
  ['203.0.113.9', '203.0.113.9', '203.0.113.9'],
  [' 203.0.113.9 ', '203.0.113.9', '203.0.113.9'],
  ['203.0.113.9:4711', '203.0.113.9', '203.0.113.9'],
  ['::ffff:203.0.113.9', '203.0.113.9', '203.0.113.9'],
  ['::FFFF:203.0.113.9', '203.0.113.9', '203.0.113.9'],
  ['::ffff:cb00:7109', '203.0.113.9', '203.0.113.9'],
  ['0:0:0:0:0:ffff:cb00:7109', '203.0.113.9', '203.0.113.9'],
  ['[::ffff:203.0.113.9]:443', '203.0.113.9', '203.0.113.9'],
  ['64:ff9b::203.0.113.9', '203.0.113.9', '203.0.113.9'],
  ['64:ff9b::cb00:7109', '203.0.113.9', '203.0.113.9'],
  ['64:ff9b::7', '0.0.0.7', '0.0.0.7'],
  ['2001:db8:1:2::1', '2001:db8:1:2::1', '2001:db8:1:2::/64'],
  ['2001:DB8:1:2:0:0:0:ffff', '2001:db8:1:2::ffff', '2001:db8:1:2::/64'],
  ['2001:0db8:0001:0002:0000:0000:0000:0001', '2001:db8:1:2::1', '2001:db8:1:2::/64'],
  ['[2001:db8:1:2::1]', '2001:db8:1:2::1', '2001:db8:1:2::/64'],
  ['[2001:db8:1:2::1]:443', '2001:db8:1:2::1', '2001:db8:1:2::/64'],
  ['2001:db8:1:3::1', '2001:db8:1:3::1', '2001:db8:1:3::/64'],
  ['2001:db8::1', '2001:db8::1', '2001:db8:0:0::/64'],
  ['2001:db8:0:0:1::', '2001:db8:0:0:1::', '2001:db8:0:0::/64'],
  ['2001:db8:1:2:3:4:5:0', '2001:db8:1:2:3:4:5:0', '2001:db8:1:2::/64'],
  ['fe80::1%eth0', 'fe80::1', 'fe80:0:0:0::/64'],
  ['FE80::1%25en0', 'fe80::1', 'fe80:0:0:0::/64'],
  ['[fe80::1%eth0]:80', 'fe80::1', 'fe80:0:0:0::/64'],
  ['::1', '::1', '0:0:0:0::/64'],
  ['::', '::', '0:0:0:0::/64'],
  // An address in the place of IPv4 that was never in use does not identify an IPv4 client.
  ['::203.0.113.9', '::cb00:7109', '0:0:0:0::/64'],
  ['64:ff9b:1::cb00:7109', '64:ff9b:1::cb00:7109', '64:ff9b:1:0::/64'],
];

const GARBAGE = [
  '',
  ' ',
  'unknown',
  '_hidden',
  'localhost',
  '203.0.113',
  '203.0.113.256',
  '0203.0.113.9',
  '203.0.113.9:',
  '203.0.113.9:port',
  '203.0.113.9, 198.51.100.7',
  '203.0.113.9/24',
  '[203.0.113.9]:443',
  '[2001:db8::1',
  '2001:db8::1]',
  '2001:db8::1::2',
  '12345::',
  '::ffff:203.0.113.9:80',
  '<script>alert(1)</script>',
  '203.0.113.9\nforged line',
  '%eth0',
  '[]:80',
  `2001:db8::1%${'x'.repeat(1000)}`,
  '9'.repeat(100_000),
];

describe('a client address', () => {
  for (const [written, shown, counted] of ADDRESSES) {
    it(`displays ${JSON.stringify(written)} as ${shown}, and counts it as ${counted}`, () => {
      assert.equal(canonicalAddress(written), shown);
      assert.equal(clientKey(written), counted);
    });
    it(`keeps ${shown} when it is parsed again`, () => {
      assert.equal(canonicalAddress(shown), shown);
      assert.equal(clientKey(shown), counted);
    });
  }

  for (const text of GARBAGE) {
    it(`displays nothing for ${JSON.stringify(text.slice(0, 40))}, which counts together with all other values that are no address`, () => {
      assert.equal(canonicalAddress(text), '');
      assert.equal(clientKey(text), 'unknown');
    });
  }

  it('displays nothing if there is no address at all', () => {
    assert.equal(canonicalAddress(undefined), '');
  });
});
