import { execFileSync } from 'node:child_process';
import { appendFileSync, copyFileSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { requireTool } from '../support/tools.ts';
import { HOSTS } from './names.ts';

/** A certificate authority of the test's own and one certificate of it for all names, as files. */
export interface Authority {
  readonly root: string;
  readonly certificate: string;
  readonly key: string;
  /** A folder with certificate and key in one file, as HAProxy reads them. */
  readonly combined: string;
}

/** Makes both in a folder. Nothing but these tests trusts them. */
export function certificateAuthority(folder: string): Authority {
  const root = join(folder, 'root.pem');
  const rootKey = join(folder, 'root.key');
  const certificate = join(folder, 'fullchain.pem');
  const key = join(folder, 'privkey.pem');
  const combined = join(folder, 'site.pem');
  const names = HOSTS.map((host) => `DNS:${host}`).join(',');
  request('/CN=Test authority', 'basicConstraints=critical,CA:TRUE', ['-keyout', rootKey, '-out', root]);
  request(`/CN=${HOSTS[0]}`, `subjectAltName=${names}`, [
    ...['-addext', 'basicConstraints=CA:FALSE', '-CA', root, '-CAkey', rootKey],
    ...['-keyout', key, '-out', certificate],
  ]);
  copyFileSync(certificate, combined);
  appendFileSync(combined, readFileSync(key));
  return { root, certificate, key, combined };
}

function request(subject: string, extension: string, options: readonly string[]): void {
  const kind = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-noenc', '-days', '2'];
  const about = ['-subj', subject, '-addext', extension];
  execFileSync(requireTool('openssl'), ['req', '-x509', ...kind, ...about, ...options], { stdio: 'pipe' });
}
