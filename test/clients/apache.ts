import { chownSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { identity } from '../support/servers.ts';

/** What Debian loads by itself, and what deploy/guard/apache.conf names; mod_fcgid for apps that Apache runs. */
const MODULES = [
  ...['mpm_event', 'authz_core', 'authz_host', 'mime', 'dir', 'alias', 'env', 'setenvif'],
  ...['lua', 'proxy', 'proxy_http', 'proxy_wstunnel', 'socache_shmcb', 'ssl', 'headers', 'fcgid'],
];

/** Writes a main file as Debian's, which has everything in `folder`, with these virtual hosts. `more`: modules that they need. */
export function apacheMainFile(
  folder: string,
  port: number,
  sites: readonly string[],
  more: readonly string[] = [],
): string {
  const { uid, gid } = identity(['www-data']);
  const isRoot = uid !== undefined && gid !== undefined;
  const run = join(folder, 'run');
  mkdirSync(run, { recursive: true });
  // mod_fcgid's workers make their sockets there.
  if (isRoot) chownSync(run, uid, gid);
  const file = join(folder, 'apache2.conf');
  const modules = [...MODULES, ...more].map(
    (name) => `LoadModule ${name}_module /usr/lib/apache2/modules/mod_${name}.so`,
  );
  const main = [
    `ServerRoot ${folder}`,
    `DefaultRuntimeDir ${run}`,
    `PidFile ${join(run, 'pid')}`,
    `Listen 127.0.0.1:${port}`,
    'ServerName localhost',
    ...(isRoot ? ['User www-data', 'Group www-data'] : []),
    ...modules,
    'TypesConfig /etc/mime.types',
    // As Debian's fcgid.conf.
    'AddHandler fcgid-script .fcgi',
    'StartServers 1',
    'ErrorLog /dev/stderr',
    'LogLevel warn',
    `FcgidIPCDir ${run}`,
    `FcgidProcessTableFile ${join(run, 'fcgid')}`,
    'FcgidConnectTimeout 120',
    'FcgidIOTimeout 120',
    '<Directory />',
    '  Require all denied',
    '</Directory>',
  ];
  writeFileSync(file, [...main, ...sites].join('\n'));
  return file;
}
