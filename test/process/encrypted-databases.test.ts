import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openDatabase, ping } from '../../src/storage/sql/database.ts';
import { selfSigned } from '../support/certificates.ts';
import { CREATION_TIMEOUT } from '../support/databases.ts';
import { type EncryptedServer, encryptedServer } from '../support/encrypted-servers.ts';
import { openPortal } from '../support/portal.ts';
import { signsIn } from '../support/steps.ts';

const email = 'ann@example.org';

const ENGINES = [
  {
    name: 'PostgreSQL',
    kind: 'postgres',
    /** About the connection that queries it. */
    cipher: 'select cipher from pg_stat_ssl where pid = pg_backend_pid()',
  },
  { name: 'MariaDB', kind: 'mariadb', cipher: "show status like 'Ssl_cipher'" },
] as const;

for (const { name, kind, cipher } of ENGINES) {
  describe(`${name} over TLS`, () => {
    let server: EncryptedServer;
    let folder: string;
    let stranger: string;
    before(async function () {
      this.timeout(CREATION_TIMEOUT);
      server = await encryptedServer(kind);
      folder = mkdtempSync(join(tmpdir(), 'postern-test-'));
      stranger = selfSigned(folder).certificate;
    });
    after(async () => {
      await server.stop();
      rmSync(folder, { recursive: true });
    });

    /** The cipher of the connection; rejects if there is no connection. */
    async function cipherOf(parameters: string, url = server.url): Promise<string> {
      const db = openDatabase(`${url}?${parameters}`);
      try {
        await ping(db);
        return JSON.stringify(await db.raw(cipher));
      } finally {
        await db.destroy();
      }
    }

    it('stores the accounts of a portal that trusts its authority', async () => {
      const url = `${server.url}?sslmode=verify-full&sslrootcert=${server.authority}`;
      const portal = await openPortal('database', { DATABASE_URL: url });
      await portal.account(email);
      const ann = await signsIn(portal, email);
      assert.equal(ann.page.path, '/profile/two-factor/suggestion');
      await portal.close();
      assert.match(await cipherOf(`sslrootcert=${server.authority}`), /TLS_AES|ECDHE/);
      assert.doesNotMatch(await cipherOf('sslmode=disable'), /TLS_AES|ECDHE/);
    });

    it('is unavailable for a portal that does not trust it, however it requests TLS', async () => {
      for (const parameters of [
        `sslrootcert=${stranger}`,
        ...['verify-full', 'verify-ca', 'require'].map((mode) => `sslmode=${mode}`),
      ]) {
        await assert.rejects(cipherOf(parameters), /self-signed certificate/, parameters);
      }
      const portal = await openPortal('database', {
        DATA_DIR: folder,
        DATABASE_URL: `${server.url}?sslrootcert=${stranger}`,
      }).catch((error: unknown) => error);
      assert.match(String(portal), /self-signed certificate/);
    });

    it('is unavailable if the certificate is for another name', async () => {
      // For the resolver, the loopback address; for TLS, a name.
      const other = server.url.replace('localhost', '127.1');
      await assert.rejects(cipherOf(`sslrootcert=${server.authority}`, other), /does not match|altnames/);
    });

    it('is encrypted without a check of the certificate if this is configured', async () => {
      assert.match(await cipherOf('sslmode=no-verify'), /TLS_AES|ECDHE/);
    });
  });
}
