import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { caddyGlobals, nginxMainFile, spawnLogged, started } from '../deploy/proxies.ts';
import { shipped } from '../deploy/shipped.ts';
import { requireTool } from '../support/tools.ts';
import { apacheMainFile } from './apache.ts';
import type { Authority } from './authority.ts';
import { WIKI_HOST } from './names.ts';

/** The address of the app in the recipes. */
const SHIPPED_APP = '127.0.0.1:8080';

/** An app behind the proxy. */
export interface GuardedApp {
  readonly host: string;
  /** `127.0.0.1:PORT`; undefined where the web server runs it itself. */
  readonly address?: string;
  /** What its page in docs/apps adds to each recipe, by the language of the block. */
  readonly additions?: Readonly<Partial<Record<RecipeLanguage, string>>>;
}

export type RecipeLanguage = 'nginx' | 'caddy' | 'haproxy' | 'apache';

/** What a proxy is told in place of what is shipped. */
export interface Front {
  /** Where its own files go. */
  readonly folder: string;
  /** Ports on the loopback: of https, and of the http that leads there. */
  readonly port: number;
  readonly plainPort: number;
  readonly authority: Authority;
  /** `127.0.0.1:PORT` of the two instances of Postern; twice the same for one. */
  readonly instances: readonly [string, string];
  readonly apps: readonly GuardedApp[];
}

/** A proxy in front of apps. */
export interface AppProxy {
  readonly name: string;
  /** Starts it on the shipped recipe, once for each app; returns what ends it. */
  start(front: Front): Promise<() => Promise<void>>;
}

export const NGINX: AppProxy = {
  name: 'nginx',
  async start(front) {
    const { folder, port, plainPort, authority, apps } = front;
    const files = apps.map((app, index) => {
      const recipe = shipped('guard/nginx.conf', {
        'listen 80': `listen 127.0.0.1:${plainPort}`,
        'listen 443': `listen 127.0.0.1:${port}`,
        'listen [::]:80': `listen 127.0.0.2:${plainPort}`,
        'listen [::]:443': `listen 127.0.0.2:${port}`,
        '/etc/nginx/tls/fullchain.pem': authority.certificate,
        '/etc/nginx/tls/privkey.pem': authority.key,
        [WIKI_HOST]: app.host,
        [SHIPPED_APP]: app.address ?? SHIPPED_APP,
      });
      const added = after(recipe, /^ *proxy_set_header Remote-Groups .*$/m, app.additions?.nginx);
      // The recipe says that this comes once, if there are several such files.
      const once = index === 0 ? added : added.replace(/^map [^}]*}/m, '');
      writeFileSync(join(folder, `app-${index}.conf`), once);
      return `app-${index}.conf`;
    });
    const options = ['-p', folder, '-c', nginxMainFile(front, files), '-g', 'daemon off;'];
    return started(spawnLogged(requireTool('nginx'), options, folder), port);
  },
};

export const CADDY: AppProxy = {
  name: 'Caddy',
  async start(front) {
    const { folder, port, authority, apps } = front;
    const [first, second] = front.instances;
    const sites = apps.map((app) => {
      const recipe = shipped('guard/Caddyfile', {
        [`${WIKI_HOST} {`]: `${app.host} {\n\ttls ${authority.certificate} ${authority.key}`,
        [SHIPPED_APP]: app.address ?? SHIPPED_APP,
        '127.0.0.1:3001': first,
        '127.0.0.1:3002': second,
      });
      return after(recipe, /^\s*request_header -Remote_Groups$/m, app.additions?.caddy);
    });
    const file = join(folder, 'Caddyfile');
    writeFileSync(file, [caddyGlobals(front), ...sites].join('\n'));
    const options = ['run', '--config', file, '--adapter', 'caddyfile'];
    return started(spawnLogged(requireTool('caddy'), options, folder), port);
  },
};

export const HAPROXY: AppProxy = {
  name: 'HAProxy',
  async start(front) {
    const { folder, port, authority, apps } = front;
    const [first, second] = front.instances;
    const recipe = shipped('guard/haproxy.cfg', {
      'bind :443 ': `bind 127.0.0.1:${port} `,
      '/etc/haproxy/tls/': authority.combined,
      '/etc/haproxy/': `${folder}/`,
      '127.0.0.1:3001': first,
      '127.0.0.1:3002': second,
    });
    writeFileSync(join(folder, 'haproxy-postern.lua'), shipped('guard/haproxy-postern.lua'));
    const file = join(folder, 'haproxy.cfg');
    const sections = recipe.split(/\n(?=\S)/).map((section) => haproxySection(section, apps));
    writeFileSync(file, sections.join('\n'));
    return started(spawnLogged(requireTool('haproxy'), ['-db', '-f', file], folder), port);
  },
};

/** Sections and lines about the wiki, once for each app, as an operator copies them. */
function haproxySection(section: string, apps: readonly GuardedApp[]): string {
  const forApp = (text: string, app: GuardedApp, index: number) =>
    text
      .replaceAll(WIKI_HOST, app.host)
      .replaceAll(SHIPPED_APP, app.address ?? SHIPPED_APP)
      .replaceAll(/\b(is_)?wiki\b(?!\.)|wiki(?=_)/g, (word) => word.replace('wiki', `app${index}`));
  if (/^backend wiki/.test(section)) {
    return apps
      .map((app, index) =>
        after(forApp(section, app, index), /^ *http-request lua\.postern .*$/m, app.additions?.haproxy, true),
      )
      .join('\n');
  }
  return section.startsWith('frontend')
    ? section
        .split('\n')
        .map((line) =>
          line.includes('is_wiki') ? apps.map((...app) => forApp(line, app[0], app[1])).join('\n') : line,
        )
        .join('\n')
    : section;
}

export const APACHE: AppProxy = {
  name: 'Apache',
  async start(front) {
    const { folder, port, authority, apps } = front;
    const script = shipped('guard/apache-postern.lua', { '127.0.0.1:3001': front.instances[0] });
    writeFileSync(join(folder, 'apache-postern.lua'), script);
    const sites = apps.map((app) => {
      const recipe = shipped('guard/apache.conf', {
        '*:443': `127.0.0.1:${port}`,
        // The port that visitors see.
        [`ServerName ${WIKI_HOST}`]: `ServerName ${app.host}:443`,
        [WIKI_HOST]: app.host,
        '/etc/apache2/tls/fullchain.pem': authority.certificate,
        '/etc/apache2/tls/privkey.pem': authority.key,
        '/etc/apache2/': `${folder}/`,
        '127.0.0.1:3001': front.instances[0],
      });
      if (app.address === undefined)
        return after(recipe, /^ *ProxyPass \/ .*$/m, app.additions?.apache).replace(
          /^ *ProxyPass \/ .*$/m,
          '',
        );
      const reached = recipe.replaceAll(SHIPPED_APP, app.address);
      return after(reached, /^ *RequestHeader unset Remote_Groups$/m, app.additions?.apache);
    });
    const file = apacheMainFile(folder, port, sites);
    return started(spawnLogged(requireTool('apache2'), ['-D', 'FOREGROUND', '-f', file], folder), port);
  },
};

/** Puts lines behind a line of a recipe, which has to be there unless `optional`. */
function after(recipe: string, line: RegExp, addition: string | undefined, optional = false): string {
  if (addition === undefined) return recipe;
  if (!line.test(recipe)) {
    if (optional) return recipe;
    throw new Error(`The recipe has no ${line}.`);
  }
  return recipe.replace(line, (found) => `${found}\n${addition}`);
}
