import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { requireTool } from './tools.ts';

/** A certificate for `localhost` and its key, as files. */
export interface Certificate {
  readonly certificate: string;
  readonly key: string;
}

/** Creates a self-signed certificate for `localhost`. */
export function selfSigned(folder: string): Certificate {
  const certificate = join(folder, 'fullchain.pem');
  const key = join(folder, 'privkey.pem');
  const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost'];
  const kind = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-noenc', '-days', '1'];
  const files = ['-keyout', key, '-out', certificate];
  execFileSync(requireTool('openssl'), ['req', '-x509', ...kind, ...subject, ...files], {
    stdio: 'pipe',
  });
  return { certificate, key };
}
