import { type Command, InvalidArgumentError, Option } from 'commander';
import type { z } from 'zod';
import { APP_KINDS, type AppKind, FRESH_MINUTES, parseAppOrigin, REMOTE_USERS } from '../apps/app.ts';
import { appAddress } from '../apps/app-addresses.ts';
import { CLIENT_AUTHENTICATIONS, ID_TOKEN_ALGORITHMS } from '../apps/oidc-client.ts';
import { SIGNED_FORMATS } from '../apps/signed-hand-over.ts';
import { valuesOf } from '../kernel/fields.ts';
import type { MessageKey, Translator } from '../kernel/i18n.ts';
import { BETWEEN_GROUPS } from '../policy/group.ts';
import {
  appNameField,
  type GivenApp,
  kindIn,
  readRecord,
  type SettingName,
  SPELLED_PROOFS,
} from './app-record.ts';
import { parsedBy } from './arguments.ts';
import { contentOf } from './input-file.ts';
import { CommandError, type Operation } from './operation.ts';

/** Options of an app: the names of commander, with the values of a file's settings. */
export interface AppOptions extends Readonly<Record<string, unknown>> {
  readonly kind?: AppKind;
  readonly everybody?: boolean;
  readonly from?: string;
}

/** The setting of a file that an option gives. */
const SETTINGS: Readonly<Record<string, SettingName>> = {
  address: 'address',
  everybody: 'groups',
  groups: 'groups',
  proof: 'proof',
  fresh: 'freshMinutes',
  confirmEmail: 'confirmEmail',
  user: 'user',
  redirect: 'redirectAddresses',
  signOutTo: 'signOutAddresses',
  logoutUrl: 'logoutAddress',
  clientAuth: 'clientAuthentication',
  pkce: 'pkce',
  algorithm: 'algorithm',
  consent: 'consent',
  refresh: 'refresh',
  formPost: 'formPost',
  format: 'format',
  destination: 'destination',
  toldGroups: 'toldGroups',
  startPage: 'startPage',
};

/** What options write for no value: commander takes null for an option that is not there. */
const NONE = 'none';

export function appName(words: Translator): (text: string) => string {
  return parsedBy(appNameField, words);
}

/** Adds the options of an app's settings. */
export function withAppOptions(command: Command, words: Translator): Command {
  const { t } = words;
  const option = (flags: string, about: MessageKey) => new Option(flags, t(about));
  const onOff = (flag: string, about: MessageKey) =>
    option(`--${flag} <state>`, about).choices(['on', 'off']);
  const address = parsedBy(appAddress(), words);
  const optional = (text: string) => (text === NONE ? text : address(text));
  const settings = [
    option('--address <url>', 'cli.option.app-address').argParser((text) => originIn(text, words)),
    option('--everybody', 'cli.option.app-everybody').conflicts('groups'),
    option('--groups <names>', 'cli.option.app-groups').argParser(namesIn),
    option('--proof <proof>', 'cli.option.app-proof').choices(SPELLED_PROOFS),
    option('--fresh <minutes>', 'cli.option.app-fresh').argParser((text) => minutesIn(text, words)),
    onOff('confirm-email', 'cli.option.app-confirm-email'),
    option('--user <claim>', 'cli.option.app-user').choices(REMOTE_USERS),
    option('--redirect <url...>', 'cli.option.app-redirect').argParser(listed(address)),
    option('--sign-out-to <url...>', 'cli.option.app-sign-out-to').argParser(listed(optional)),
    option('--logout-url <url>', 'cli.option.app-logout-url').argParser(optional),
    option('--client-auth <how>', 'cli.option.app-client-auth').choices(CLIENT_AUTHENTICATIONS),
    onOff('pkce', 'cli.option.app-pkce'),
    option('--algorithm <name>', 'cli.option.app-algorithm').choices(ID_TOKEN_ALGORITHMS),
    onOff('consent', 'cli.option.app-consent'),
    onOff('refresh', 'cli.option.app-refresh'),
    onOff('form-post', 'cli.option.app-form-post'),
    option('--format <format>', 'cli.option.app-format').choices(SIGNED_FORMATS),
    option('--destination <url>', 'cli.option.app-destination').argParser(address),
    option('--told-groups <names>', 'cli.option.app-told-groups').argParser(namesIn),
    option('--start-page <url>', 'cli.option.app-start-page').argParser(optional),
  ];
  for (const one of settings) command.addOption(one);
  const others = settings.map((one) => one.attributeName());
  return command.addOption(option('--from <file>', 'cli.option.app-from').conflicts(others));
}

/** Adds the option of the kind, which is said when an app is added. */
export function withKindOption(command: Command, { t }: Translator): Command {
  return command.addOption(
    new Option('--kind <kind>', t('cli.option.app-kind')).choices(APP_KINDS).conflicts('from'),
  );
}

/** What is given by options or a file. `settingsFor`: the settings, once the kind of the app is known. */
export interface Given {
  readonly kind: AppKind | undefined;
  readonly settingsFor: (kind: AppKind) => GivenApp;
}

export async function givenApp(operation: Operation, options: AppOptions): Promise<Given> {
  const { from: file, kind } = options;
  if (file === undefined) return { kind, settingsFor: (known) => settingsIn(operation, options, known) };
  const source = jsonIn(await contentOf(operation, file));
  return { kind: kindIn(source), settingsFor: (known) => settingsOfFile(operation, file, source, known) };
}

/** Options as the record that a file would hold. */
function settingsIn({ words }: Operation, options: AppOptions, kind: AppKind): GivenApp {
  const { t } = words;
  const record: Record<string, unknown> = {};
  const flags = new Map<string, string>();
  for (const [option, setting] of Object.entries(SETTINGS)) {
    if (options[option] === undefined) continue;
    record[setting] = option === 'everybody' ? option : writtenValue(options[option], setting);
    flags.set(setting, `--${option.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`);
  }
  const read = readRecord(kind, record);
  if (read.kind === 'read') return read.app;
  const setting = 'setting' in read ? (flags.get(read.setting) ?? read.setting) : '';
  if (read.kind !== 'refused') throw new CommandError(t('cli.app-setting-kind', { setting, kind }));
  throw new CommandError(`${setting}: ${reasonOf(words, read.issue) ?? read.issue.message}`);
}

function writtenValue(value: unknown, setting: SettingName): unknown {
  if (setting === 'signOutAddresses' && Array.isArray(value)) return value.filter((one) => one !== NONE);
  if (setting !== 'proof' && setting !== 'clientAuthentication' && value === NONE) return null;
  return value === 'on' ? true : value === 'off' ? false : value;
}

function settingsOfFile({ words }: Operation, file: string, source: unknown, kind: AppKind): GivenApp {
  const { t } = words;
  const read = readRecord(kind, source);
  if (read.kind === 'read') return read.app;
  if (read.kind === 'no record') throw new CommandError(t('cli.app-file-form', { file }));
  const message = t('cli.app-file-setting', { file, setting: read.setting });
  const reason = read.kind === 'refused' ? reasonOf(words, read.issue) : undefined;
  throw new CommandError(reason === undefined ? message : `${message} ${reason}`);
}

/** What a check of ours says; undefined for a message of zod's. */
function reasonOf({ t }: Translator, issue: z.core.$ZodIssue): string | undefined {
  const isOurs = /^(?:app|app-address|error)\.[a-z-]+$/.test(issue.message);
  return isOurs ? t(issue.message as MessageKey, valuesOf(issue)) : undefined;
}

/** Undefined if it is not JSON. */
function jsonIn(bytes: Buffer): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch {
    return undefined;
  }
}

/** Collects the values of an option that is given several times. */
function listed(parse: (text: string) => string) {
  return (text: string, before: readonly string[] = []): readonly string[] => [...before, parse(text)];
}

function originIn(text: string, { t }: Translator): string {
  const origin = parseAppOrigin(text);
  if (origin !== undefined) return origin;
  throw new InvalidArgumentError(t('cli.app-address-form'));
}

function namesIn(list: string): readonly string[] {
  return list.split(BETWEEN_GROUPS).flatMap((name) => name.trim() || []);
}

/** A number of minutes, or "none". */
function minutesIn(text: string, { t }: Translator): number | typeof NONE {
  if (text === NONE) return text;
  const { least, most } = FRESH_MINUTES;
  const number = /^\d{1,4}$/.test(text) ? Number(text) : 0;
  if (number >= least && number <= most) return number;
  throw new InvalidArgumentError(t('cli.app-fresh-form', { least: String(least), most: String(most) }));
}
