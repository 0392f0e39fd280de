import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Certificate } from '../support/certificates.ts';
import { requireTool } from '../support/tools.ts';
import { SHIPPED_NAME, shipped } from './shipped.ts';

/** The values of a proxy that replace the shipped ones. */
export interface Site {
  /** The folder of its own files. */
  readonly folder: string;
  /** Ports on the loopback: of https, and of http, which redirects there. */
  readonly port: number;
  readonly plainPort: number;
  readonly certificate: Certificate;
  /** `127.0.0.1:PORT` of the two instances. */
  readonly instances: readonly [string, string];
  /** The public name, where visitors do not say the port: `localhost` with its port unless given. */
  readonly host?: string;
}

/** A proxy that an operator may use. */
export interface Proxy {
  readonly name: string;
  /** Starts it with the shipped file, in which the site's names, ports and paths replace the shipped ones. */
  start(site: Site): Promise<() => Promise<void>>;
}

export const NGINX: Proxy = {
  name: 'nginx',
  async start(site) {
    const file = nginxConfiguration(site);
    const options = ['-p', site.folder, '-c', file, '-g', 'daemon off;'];
    return started(spawnLogged(requireTool('nginx'), options, site.folder), site.port);
  },
};

export const CADDY: Proxy = {
  name: 'Caddy',
  async start(site) {
    const file = caddyfile(site);
    const options = ['run', '--config', file, '--adapter', 'caddyfile'];
    return started(spawnLogged(requireTool('caddy'), options, site.folder), site.port);
  },
};

/** Writes the shipped site and upstream, and a main file like Debian's, which has everything in `folder`. */
export function nginxConfiguration(site: Site): string {
  const { folder, port, plainPort, certificate } = site;
  writeFileSync(
    join(folder, 'site.conf'),
    shipped('nginx/postern.conf', {
      [`https://${SHIPPED_NAME}`]: `https://${site.host ?? `localhost:${port}`}`,
      [SHIPPED_NAME]: site.host ?? 'localhost',
      'listen 80': `listen 127.0.0.1:${plainPort}`,
      'listen 443': `listen 127.0.0.1:${port}`,
      'listen [::]:80': `listen 127.0.0.2:${plainPort}`,
      'listen [::]:443': `listen 127.0.0.2:${port}`,
      '/etc/nginx/tls/fullchain.pem': certificate.certificate,
      '/etc/nginx/tls/privkey.pem': certificate.key,
    }),
  );
  return nginxMainFile(site, ['site.conf']);
}

/** Writes the shipped upstream and a main file that includes these files of the folder. */
export function nginxMainFile(
  { folder, instances: [first, second] }: Pick<Site, 'folder' | 'instances'>,
  files: readonly string[],
): string {
  writeFileSync(
    join(folder, 'upstream.conf'),
    shipped('nginx/upstream.conf', { '127.0.0.1:3001': first, '127.0.0.1:3002': second }),
  );
  const included = ['upstream.conf', ...files]
    .map((name) => `include ${join(folder, name)};`)
    .join('\n      ');
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
    .map((kind) => `${kind}_temp_path ${join(folder, kind)};`)
    .join(' ');
  const file = join(folder, 'nginx.conf');
  writeFileSync(
    file,
    `${process.getuid?.() === 0 ? 'user root;' : ''}
    worker_processes 1;
    pid ${join(folder, 'nginx.pid')};
    error_log stderr;
    events {}
    http {
      access_log off;
      ${temporary}
      gzip on;
      ${included}
    }`,
  );
  return file;
}

/** Writes the shipped Caddyfile, with our own certificate and port instead of those that Caddy gets. */
export function caddyfile({
  folder,
  port,
  plainPort,
  certificate,
  instances,
  host = 'localhost',
}: Site): string {
  const [first, second] = instances;
  const file = join(folder, 'Caddyfile');
  const site = shipped('Caddyfile', {
    [`${SHIPPED_NAME} {`]: `https://${host} {\n\ttls ${certificate.certificate} ${certificate.key}`,
    '127.0.0.1:3001': first,
    '127.0.0.1:3002': second,
  });
  writeFileSync(file, `${caddyGlobals({ port, plainPort })}\n${site}`);
  return file;
}

/** Global options: its ports on the loopback, and no administration port. */
export function caddyGlobals({ port, plainPort }: Pick<Site, 'port' | 'plainPort'>): string {
  const ports = `http_port ${plainPort}\n\thttps_port ${port}`;
  return `{\n\tadmin off\n\tdefault_bind 127.0.0.1\n\t${ports}\n}`;
}

/** A program that writes what it says into a file. */
export interface Running {
  readonly child: ChildProcess;
  readonly log: string;
}

/** Its own files (especially Caddy's) are only written to the folder. */
export function spawnLogged(
  program: string,
  options: readonly string[],
  folder: string,
  variables: Readonly<Record<string, string>> = {},
): Running {
  const home = join(folder, 'home');
  mkdirSync(home, { recursive: true });
  const log = join(folder, 'log');
  const output = openSync(log, 'w');
  const env = {
    PATH: process.env['PATH'],
    HOME: home,
    XDG_DATA_HOME: home,
    XDG_CONFIG_HOME: home,
    ...variables,
  };
  const child = spawn(program, options, { cwd: folder, env, stdio: ['ignore', output, output] });
  process.once('exit', () => child.kill('SIGKILL'));
  return { child, log };
}

/** Waits until the port of the loopback is listened on; returns what ends the program. */
export async function started({ child, log }: Running, port: number): Promise<() => Promise<void>> {
  const ended = once(child, 'exit');
  // Twice: Apache listens before it has read its whole configuration.
  for (let attempt = 0, seen = 0; seen < 2; attempt += 1) {
    seen = (await listens(port)) ? seen + 1 : 0;
    if (attempt > 600 || child.exitCode !== null) {
      child.kill('SIGKILL');
      throw new Error(`The proxy did not start: ${readFileSync(log, 'utf8')}`);
    }
    await delay(50);
  }
  return async () => {
    child.kill('SIGTERM');
    await ended;
  };
}

async function listens(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}
