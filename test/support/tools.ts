import { execFileSync } from 'node:child_process';
import { accessSync, constants, existsSync, globSync, readdirSync } from 'node:fs';
import { delimiter, isAbsolute, join } from 'node:path';

/**
 * The programs and fonts that the suites need in addition to npm's, with their Debian packages. Add whatever a new test needs,
 * so that a new machine is prepared in one pass.
 */
export const TOOLS = {
  'redis-server': ['redis-server'],
  postgres: ['postgresql'],
  initdb: ['postgresql'],
  mariadbd: ['mariadb-server'],
  'mariadb-install-db': ['mariadb-server'],
  oathtool: ['oathtool'],
  'chromium-headless-shell': ['chromium-headless-shell'],
  java: ['default-jre-headless'],
  lynx: ['lynx'],
  w3m: ['w3m'],
  links2: ['links2'],
  script: ['bsdutils'],
  nginx: ['nginx'],
  caddy: ['caddy'],
  openssl: ['openssl'],
  'systemd-analyze': ['systemd'],
  promtool: ['prometheus'],
  'DejaVuSans.ttf': ['fonts-dejavu-core'],
  'LiberationSansNarrow-Regular.ttf': ['fonts-liberation'],
} as const satisfies Readonly<Record<string, readonly string[]>>;

/** The same for `test/clients` alone: the proxies and the apps that stand behind them. */
export const CLIENT_TOOLS = {
  haproxy: ['haproxy'],
  apache2: ['apache2'],
  'mod_fcgid.so': ['libapache2-mod-fcgid'],
  'FCGI.pm': ['libfcgi-perl'],
  'socket.lua': ['lua-socket'],
  radicale: ['radicale'],
  'rt-setup-database-5': ['request-tracker5', 'rt5-db-sqlite'],
  'mod_auth_openidc.so': ['libapache2-mod-auth-openidc'],
  // Libraries have no program: a file of theirs stands for them.
  '/usr/share/doc/ruby-omniauth-openid-connect': ['ruby-omniauth-openid-connect'],
  '/usr/share/doc/ruby-sinatra': ['ruby-sinatra'],
  '/usr/share/doc/ruby-webrick': ['ruby-webrick'],
  '/usr/lib/python3/dist-packages/authlib': ['python3-authlib'],
  '/usr/lib/python3/dist-packages/flask': ['python3-flask'],
  '/usr/lib/python3/dist-packages/requests': ['python3-requests'],
  '/usr/share/lemonldap-ng/portal/htdocs/index.psgi': ['lemonldap-ng'],
} as const satisfies Readonly<Record<string, readonly string[]>>;

const PACKAGES = { ...TOOLS, ...CLIENT_TOOLS } as const;

export type Tool = keyof typeof PACKAGES;

/**
 * The path of a program or a font that the tests need. As root on Debian it is installed if it is missing.
 *
 * @returns its absolute path
 * @throws Error that says what to install, if this is not possible here
 */
export function requireTool(tool: Tool): string {
  return find(tool) ?? installed(tool);
}

/** Installs the missing ones of these at once; throws if this is not possible here. */
export function requireTools(tools: readonly Tool[]): void {
  install(tools.filter(isMissing));
}

/** What the suites need, except `test/clients`. */
export function usualTools(): Tool[] {
  return Object.keys(TOOLS).filter(isTool);
}

/** What `test/clients` needs. */
export function clientTools(): Tool[] {
  const usual: readonly Tool[] = [
    ...(['redis-server', 'postgres', 'initdb', 'mariadbd', 'mariadb-install-db', 'openssl'] as const),
    ...(['nginx', 'caddy', 'chromium-headless-shell', 'lynx', 'script'] as const),
  ];
  return [...usual, ...Object.keys(CLIENT_TOOLS).filter(isTool)];
}

function installed(tool: Tool): string {
  install([tool]);
  const path = find(tool);
  if (path === undefined)
    throw new Error(`The Debian package ${PACKAGES[tool].join(', ')} did not bring ${tool}.`);
  return path;
}

function install(tools: readonly Tool[]): void {
  if (tools.length === 0) return;
  const packages = [...new Set(tools.flatMap((tool) => PACKAGES[tool]))];
  if (process.getuid?.() !== 0 || findIn(PATH, 'apt-get') === undefined) {
    throw new Error(`The tests need ${tools.join(', ')}: install the Debian packages ${packages.join(' ')}.`);
  }
  const options = ['-q', '-y', '-o', 'DPkg::Lock::Timeout=300'];
  underLock('apt-get', ...options, 'update');
  underLock('apt-get', ...options, 'install', '--no-install-recommends', ...packages);
}

/** One process after the other: apt gives up at once while another one reads the lists. */
function underLock(...command: readonly string[]): void {
  execFileSync('flock', ['/var/lock/postern-tests', ...command], {
    // The output of apt only matters if it fails; then it is in the error.
    stdio: ['ignore', 'pipe', 'pipe'],
    maxBuffer: 2 ** 26,
    // At run level 1 no package starts its own service.
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' },
  });
}

const PATH = (process.env['PATH'] ?? '').split(delimiter).filter((folder) => folder !== '');

/** Debian installs servers outside of every user's PATH. */
function find(tool: Tool): string | undefined {
  if (isAbsolute(tool)) return findIn(['/'], tool, constants.R_OK);
  if (tool.endsWith('.ttf')) return findIn(fontFolders(), tool, constants.R_OK);
  if (tool.endsWith('.so')) return findIn(['/usr/lib/apache2/modules'], tool, constants.R_OK);
  if (tool.endsWith('.pm')) return findIn(globSync('/usr/lib/*/perl5/*'), tool, constants.R_OK);
  if (tool.endsWith('.lua')) return findIn(luaFolders(), tool, constants.R_OK);
  return findIn([...postgresFolders(), ...PATH, '/usr/sbin', '/usr/local/sbin'], tool);
}

function isMissing(tool: Tool): boolean {
  return find(tool) === undefined;
}

function isTool(name: string): name is Tool {
  return name in PACKAGES;
}

/** Newest version first. */
function postgresFolders(): string[] {
  const folder = '/usr/lib/postgresql';
  const versions = existsSync(folder) ? readdirSync(folder).sort((a, b) => Number(b) - Number(a)) : [];
  return versions.map((version) => join(folder, version, 'bin'));
}

function fontFolders(): string[] {
  const folder = '/usr/share/fonts/truetype';
  return existsSync(folder) ? readdirSync(folder).map((family) => join(folder, family)) : [];
}

function luaFolders(): string[] {
  return ['5.1', '5.2', '5.3', '5.4'].map((version) => `/usr/share/lua/${version}`);
}

function findIn(folders: readonly string[], file: string, access = constants.X_OK): string | undefined {
  return folders.map((folder) => join(folder, file)).find((path) => can(access, path));
}

function can(access: number, file: string): boolean {
  try {
    accessSync(file, access);
    return true;
  } catch {
    return false;
  }
}
