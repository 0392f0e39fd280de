import assert from 'node:assert/strict';
import type { Account } from '../../src/accounts/account.ts';
import { KnownDevices } from '../../src/accounts/known-devices.ts';
import { Keyring } from '../../src/kernel/keyring.ts';
import { days } from '../../src/kernel/time.ts';
import { ManualClock } from '../support/clock.ts';
import { useAccounts } from './accounts-under-test.ts';

const OLD = 'an old secret of thirty-two characters';
const NEW = 'a new secret of thirty-two characters.';

describe('A browser in which a person has signed in before', () => {
  const open = useAccounts();
  const clock = new ManualClock();
  let secrets: string[];
  let devices: KnownDevices;
  let ann: Account;
  let ben: Account;

  beforeEach(async () => {
    secrets = [OLD];
    devices = new KnownDevices(new Keyring(() => secrets), clock.read);
    const domain = open();
    ann = await domain.account('ann@example.org');
    ben = await domain.account('ben@example.org');
  });

  it('is known for that account only, and by the same name each time', () => {
    const { cookie } = devices.mark(ann, undefined);
    const name = devices.find(ann, cookie);
    assert.ok(name);
    assert.equal(devices.find(ann, cookie), name);
    assert.equal(devices.find(ben, cookie), undefined);
    assert.notEqual(devices.find(ann, devices.mark(ann, undefined).cookie), name);
  });

  it('has a cookie that reveals nothing about the account, and needs no quoting', () => {
    const { cookie } = devices.mark(ann, undefined);
    assert.match(cookie, /^[\w-]+\.[\da-z]+\.[\w-]+$/);
    for (const secret of [ann.id, ann.email, 'ann']) assert.ok(!cookie.includes(secret));
  });

  it('is known for a year', () => {
    const { cookie, expiresAt } = devices.mark(ann, undefined);
    assert.equal(expiresAt, clock.now + days(365));
    clock.passes(days(365) - 1);
    assert.ok(devices.find(ann, cookie));
    clock.passes(1);
    assert.equal(devices.find(ann, cookie), undefined);
    clock.passes(-days(800));
    assert.equal(devices.find(ann, cookie), undefined, 'nor for longer where the clock is set back');
  });

  it('becomes unknown with a new password, or when all sessions are ended', () => {
    const { cookie } = devices.mark(ann, undefined);
    assert.equal(devices.find({ ...ann, sessionEpoch: ann.sessionEpoch + 1 }, cookie), undefined);
  });

  it('gets a new name with each sign-in, which replaces the old one', () => {
    const first = devices.mark(ann, undefined).cookie;
    const second = devices.mark(ann, first).cookie;
    assert.notEqual(devices.find(ann, second), devices.find(ann, first));
    assert.equal(second.split('~').length, 1);
  });

  it('is known for the last five people', async () => {
    const domain = open();
    const people = [ann, ben];
    for (const name of ['cal', 'dan', 'eve', 'fay']) people.push(await domain.account(`${name}@example.org`));
    let cookie: string | undefined;
    for (const person of people) cookie = devices.mark(person, cookie).cookie;
    assert.deepEqual(
      people.map((person) => devices.find(person, cookie) !== undefined),
      [false, true, true, true, true, true],
    );
    assert.ok((cookie ?? '').length < 600);
  });

  it('stays known after a rotation of the keys, until the old one is removed', () => {
    const { cookie } = devices.mark(ann, undefined);
    secrets = [NEW, OLD];
    const rotated = new KnownDevices(new Keyring(() => secrets), clock.read);
    assert.ok(rotated.find(ann, cookie));
    const lost = new KnownDevices(new Keyring(() => [NEW]), clock.read);
    assert.equal(lost.find(ann, cookie), undefined);
  });

  it('is unknown with an altered or invented cookie', () => {
    const { cookie } = devices.mark(ann, undefined);
    const [nonce = '', end = '', mac = ''] = cookie.split('.');
    for (const altered of [
      '',
      '~~~~',
      '..',
      nonce,
      `${nonce}.${end}`,
      `${nonce}.${end}.`,
      `${nonce}.${end}.${'A'.repeat(43)}`,
      `${nonce}x.${end}.${mac}`,
      `${nonce}.${(clock.now + days(364)).toString(36)}.${mac}`,
      `${nonce}.${end}.${mac}x`,
      `x${cookie}`,
      `${'A'.repeat(20)}~`.repeat(1000) + cookie,
    ]) {
      assert.equal(devices.find(ann, altered), undefined, altered.slice(0, 100));
    }
  });
});
