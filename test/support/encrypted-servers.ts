import { chownSync } from 'node:fs';
import { join } from 'node:path';
import { selfSigned } from './certificates.ts';
import { type Kind, MARIADB, type OwnServer, ownServerOf, POSTGRES } from './servers.ts';

/** A database server with a certificate for `localhost`, the host name in its URL. */
export interface EncryptedServer extends OwnServer {
  /** Its certificate authority: a file. */
  readonly authority: string;
}

const OPTIONS = {
  postgres: (certificate: string, key: string) =>
    ['ssl=on', `ssl_cert_file=${certificate}`, `ssl_key_file=${key}`].flatMap((set) => ['-c', set]),
  mariadb: (certificate: string, key: string) => [`--ssl-cert=${certificate}`, `--ssl-key=${key}`],
};

/** Starts one for the caller only, who stops it. */
export async function encryptedServer(name: 'postgres' | 'mariadb'): Promise<EncryptedServer> {
  const plain = name === 'postgres' ? POSTGRES : MARIADB;
  let authority = '';
  const kind: Kind = {
    ...plain,
    prepare: async (folder, as) => {
      await plain.prepare(folder, as);
      const { certificate, key } = selfSigned(folder);
      if (as.uid !== undefined && as.gid !== undefined) chownSync(key, as.uid, as.gid);
      authority = certificate;
    },
    options: (folder, port) => [
      ...plain.options(folder, port),
      ...OPTIONS[name](join(folder, 'fullchain.pem'), join(folder, 'privkey.pem')),
    ],
  };
  const server = await ownServerOf(kind);
  return { ...server, url: server.url.replace('127.0.0.1', 'localhost'), authority };
}
