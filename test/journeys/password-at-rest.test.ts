import assert from 'node:assert/strict';
import { linkIn } from '../support/mailbox.ts';
import { REAL_HASHER } from '../support/password-hashing.ts';
import { Person } from '../support/person.ts';
import { OPERATOR, onPortal, PASSWORD } from '../support/portal.ts';
import { givesPassword, savesRecoveryCodes, scansQrCode, signsIn } from '../support/steps.ts';
import { askStored } from '../support/stored.ts';

/** argon2id: 19 MiB, 2 passes, 1 lane; a salt of 16 bytes and a tag of 32. */
const TODAYS_HASH = /^\$argon2id\$v=19\$m=19456,t=2,p=1\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}$/;
const NEXT = 'eleven purple wagons';

onPortal(
  'A secret at rest',
  (portal) => {
    const email = 'ann@example.org';
    const nextLink = async () => linkIn(await portal().mailbox.next(email));

    async function storedHash(): Promise<string> {
      const account = await portal().services.accounts.findByEmail(email);
      return account?.passwordHash ?? '';
    }

    it('is an argon2id hash with the present parameters, for each page on which a password is chosen', async () => {
      await portal().services.registration.invite({ email, name: 'Ann Example' }, 'member', OPERATOR);
      const ann = new Person(portal().app);
      await ann.visits(await nextLink());
      ann.fillsIn('Password', PASSWORD);
      await ann.presses('Save password');
      const invited = await storedHash();
      await givesPassword(ann, email);
      await ann.visits('/profile/password');
      ann.fillsIn('Current password', PASSWORD);
      ann.fillsIn('New password', NEXT);
      await ann.presses('Change password');
      const changed = await storedHash();
      await portal().mailbox.next(email);
      const elsewhere = new Person(portal().app);
      await elsewhere.visits('/forgotten-password');
      elsewhere.fillsIn('Email', email);
      await elsewhere.presses('Email me a link');
      await elsewhere.visits(await nextLink());
      elsewhere.fillsIn('New password', PASSWORD);
      await elsewhere.presses('Save password');
      const hashes = [invited, changed, await storedHash()];
      for (const hash of hashes) assert.match(hash, TODAYS_HASH);
      assert.equal(new Set(hashes).size, 3);
      assert.equal((await signsIn(portal(), email)).page.heading, 'Hello, Ann Example');
    });

    it('is a slow hash with the same parameters, for each recovery code', async () => {
      const ann = await signsIn(portal(), email);
      await ann.visits('/profile/two-factor/set-up/app');
      const app = await scansQrCode(ann);
      ann.fillsIn('Authenticator Name', 'Phone');
      ann.fillsIn('Verification Code', app.code(portal().now()));
      await ann.presses('Submit Code and Create');
      await portal().mailbox.next(email);
      const codes = await savesRecoveryCodes(portal(), ann, email);
      const rows: { salt: string; code_hash: string }[] = await askStored(portal(), (db) =>
        db('recovery_codes').select('salt', 'code_hash'),
      );
      const salt = Buffer.from(rows[0]?.salt ?? '', 'base64url');
      const hashes = await Promise.all(codes.map((code) => REAL_HASHER.slowHash(code, salt)));
      assert.deepEqual(rows.map((row) => row.code_hash).sort(), hashes.sort());
    });
  },
  {},
  { passwordHasher: REAL_HASHER },
);
