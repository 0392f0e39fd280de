import { existsSync, globSync, mkdirSync, readFileSync, renameSync, rmdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import ejs from 'ejs';
import { accounts } from './accounts.ts';
import { administration } from './administration.ts';
import { apps } from './apps.ts';
import { errors } from './errors.ts';
import { firstStart } from './first-start.ts';
import { grace } from './grace.ts';
import { help } from './help.ts';
import { openId } from './open-id.ts';
import { profile } from './profile.ts';
import { signedApps } from './signed-apps.ts';
import { signingIn } from './signing-in.ts';
import { type State, Studio, type StudioOptions } from './studio.ts';
import { yourTwoFactor } from './your-two-factor.ts';

/** The parts of the site, in the order in which they are captured: administration needs a site without other people. */
const PARTS = [
  firstStart,
  administration,
  signingIn,
  accounts,
  profile,
  yourTwoFactor,
  grace,
  help,
  errors,
  openId,
  apps,
  signedApps,
];

/** Every page in every state, and the view files that were rendered for it. */
export interface Capture {
  readonly states: readonly State[];
  readonly views: ReadonlySet<string>;
}

const ROOT = path.join(import.meta.dirname, '../../..');

/** The names of all views, except those of mails: their paths without the extension. */
export const VIEW_NAMES: readonly string[] = [
  ...globSync('**/*.ejs', { cwd: path.join(ROOT, 'views') }),
  // A method of 2FA has its views in its own folder.
  ...globSync('two-factor/methods/*/views/*.ejs', { cwd: path.join(ROOT, 'src') }),
]
  .filter((file) => !file.startsWith('mail/'))
  .map((file) => `/${file.slice(0, -'.ejs'.length).replace('/views/', '/')}`);

const captures = new Map<string, Promise<Capture>>();

/**
 * Every page of the site in every state, in one language (English by default). Captured once for each language in this process,
 * or once for all processes that share a folder; the states are the server's responses, for any number of tests.
 */
export function allStates(options: StudioOptions = {}): Promise<Capture> {
  const { language = 'en', words } = options;
  if (words) return capture(options);
  const made = captures.get(language) ?? captureFor(language);
  captures.set(language, made);
  return made;
}

/** `TEST_STATES_DIR` names a folder of parallel test processes: the first one makes the capture. */
async function captureFor(language: string): Promise<Capture> {
  const folder = process.env['TEST_STATES_DIR'];
  if (folder === undefined) return capture({ language });
  const file = path.join(folder, `${language}.json`);
  for (;;) {
    if (existsSync(file)) return read(file);
    const release = claim(`${file}.claim`);
    if (release)
      return await capture({ language })
        .then((made) => write(made, file))
        .finally(release);
    await delay(50);
  }
}

/** Undefined while another process has the claim; otherwise the function that releases it. */
function claim(folder: string): (() => void) | undefined {
  try {
    mkdirSync(folder);
    return () => rmdirSync(folder);
  } catch {
    return undefined;
  }
}

function read(file: string): Capture {
  const { states, views } = JSON.parse(readFileSync(file, 'utf8'));
  return { states, views: new Set(views) };
}

/** The file is there completely or not at all. */
function write(made: Capture, file: string): Capture {
  writeFileSync(`${file}.part`, JSON.stringify({ states: made.states, views: [...made.views] }));
  renameSync(`${file}.part`, file);
  return made;
}

async function capture(options: StudioOptions): Promise<Capture> {
  const studio = await Studio.open(options);
  // Templates are compiled when they are first rendered: those in the cache afterwards were.
  ejs.clearCache();
  try {
    for (const [day, part] of PARTS.entries()) {
      studio.beginsDay(day);
      await part(studio);
    }
    const rendered = new Set(VIEW_NAMES.filter((name) => ejs.cache.get(name) !== undefined));
    return { states: studio.states, views: rendered };
  } finally {
    await studio.portal.close();
  }
}
