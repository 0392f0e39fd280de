import { type Command, InvalidArgumentError, Option } from 'commander';
import { z } from 'zod';
import {
  FRESH_MINUTES,
  type ListedApp,
  LONGEST_APP_NAME,
  PROOFS,
  type ProofDemand,
  parseAppOrigin,
  REMOTE_USERS,
  type RemoteUser,
} from '../apps/app.ts';
import { lineOfText } from '../kernel/fields.ts';
import type { Translator } from '../kernel/i18n.ts';
import { BETWEEN_GROUPS, type Group, namesOfGroups } from '../policy/group.ts';
import { parsedBy } from './arguments.ts';
import { contentOf } from './input-file.ts';
import { CommandError, type Operation } from './operation.ts';

/** The settings of an app that are given, by options or by a file. */
export interface GivenApp {
  readonly name?: string | undefined;
  readonly origin?: string | undefined;
  /** Groups by name. */
  readonly audience?: 'everybody' | readonly string[] | undefined;
  readonly proof?: ProofDemand | undefined;
  readonly freshMinutes?: number | null | undefined;
  readonly confirmsEmail?: boolean | undefined;
  readonly remoteUser?: RemoteUser | undefined;
}

/** Options of an app, as commander parses them. */
export interface AppOptions {
  readonly address?: string;
  readonly everybody?: boolean;
  readonly groups?: readonly string[];
  readonly proof?: Spelled;
  readonly fresh?: number | 'none';
  readonly confirmEmail?: 'on' | 'off';
  readonly user?: RemoteUser;
  readonly from?: string;
}

/** Demands as options and files spell them. */
const SPELLED = { none: 'none', 'second-step': 'second step', strong: 'strong' } as const satisfies Record<
  string,
  ProofDemand
>;
type Spelled = keyof typeof SPELLED;
const spellings = Object.keys(SPELLED) as readonly Spelled[];

const appNameField = lineOfText('app.name-missing', LONGEST_APP_NAME);

export function appName(words: Translator): (text: string) => string {
  return parsedBy(appNameField, words);
}

/** Adds the options of an app's settings. */
export function withAppOptions(command: Command, words: Translator): Command {
  const { t } = words;
  const option = (flags: string, about: Parameters<typeof t>[0]) => new Option(flags, t(about));
  const settings = [
    option('--address <url>', 'cli.option.app-address').argParser((text) => originIn(text, words)),
    option('--everybody', 'cli.option.app-everybody').conflicts('groups'),
    option('--groups <names>', 'cli.option.app-groups').argParser(namesIn),
    option('--proof <proof>', 'cli.option.app-proof').choices(spellings),
    option('--fresh <minutes>', 'cli.option.app-fresh').argParser((text) => minutesIn(text, words)),
    option('--confirm-email <state>', 'cli.option.app-confirm-email').choices(['on', 'off']),
    option('--user <claim>', 'cli.option.app-user').choices(REMOTE_USERS),
  ];
  for (const one of settings) command.addOption(one);
  const others = settings.map((one) => one.attributeName());
  return command.addOption(option('--from <file>', 'cli.option.app-from').conflicts(others));
}

/** The settings that options or their file give. */
export async function givenApp(operation: Operation, options: AppOptions): Promise<GivenApp> {
  const { from, groups, everybody, confirmEmail, proof } = options;
  if (from !== undefined) return appInFile(operation, from);
  return {
    origin: options.address,
    audience: everybody ? 'everybody' : groups,
    proof: proof && SPELLED[proof],
    freshMinutes: options.fresh === 'none' ? null : options.fresh,
    confirmsEmail: confirmEmail && confirmEmail === 'on',
    remoteUser: options.user,
  };
}

/** An app as `--json` writes it and `--from` reads it. */
export function appRecord(app: ListedApp, groups: readonly Group[]) {
  const { name, origin, audience, proof, freshMinutes, confirmsEmail, lastSignInAt } = app;
  return {
    ...{
      name,
      address: origin,
      groups: audience === 'everybody' ? audience : namesOfGroups(audience, groups),
    },
    ...{ proof: spelled(proof), freshMinutes, confirmEmail: confirmsEmail },
    ...(app.kind === 'host' && { user: app.remoteUser }),
    lastSignIn: lastSignInAt === null ? null : new Date(lastSignInAt).toISOString(),
  };
}

export function spelled(proof: ProofDemand): Spelled {
  return spellings.find((one) => SPELLED[one] === proof) ?? PROOFS[0];
}

/** Strict, because a demand whose name is mistyped would ask for nothing. `lastSignIn` is not read. */
const appFile = z
  .strictObject({
    name: appNameField,
    address: z.string().transform((text, context) => parseAppOrigin(text) ?? refused(context)),
    groups: z.union([z.literal('everybody'), z.array(z.string())]),
    proof: z.enum(spellings),
    freshMinutes: z.int().min(FRESH_MINUTES.least).max(FRESH_MINUTES.most).nullable(),
    confirmEmail: z.boolean(),
    user: z.enum(REMOTE_USERS),
    lastSignIn: z.unknown(),
  })
  .partial();

function refused(context: z.RefinementCtx): never {
  context.addIssue({ code: 'custom' });
  return z.NEVER;
}

async function appInFile(operation: Operation, file: string): Promise<GivenApp> {
  const { t } = operation.words;
  const parsed = appFile.safeParse(jsonIn(await contentOf(operation, file)));
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    const key = issue?.code === 'unrecognized_keys' ? issue.keys[0] : issue?.path[0];
    throw new CommandError(
      key === undefined
        ? t('cli.app-file-form', { file })
        : t('cli.app-file-setting', { file, setting: String(key) }),
    );
  }
  const { address, groups, proof, confirmEmail, user, lastSignIn: _unread, ...others } = parsed.data;
  return {
    ...others,
    ...{ origin: address, audience: groups, confirmsEmail: confirmEmail, remoteUser: user },
    proof: proof && SPELLED[proof],
  };
}

/** Undefined if it is not JSON. */
function jsonIn(bytes: Buffer): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch {
    return undefined;
  }
}

function originIn(text: string, { t }: Translator): string {
  const origin = parseAppOrigin(text);
  if (origin !== undefined) return origin;
  throw new InvalidArgumentError(t('cli.app-address-form'));
}

function namesIn(list: string): readonly string[] {
  return list.split(BETWEEN_GROUPS).flatMap((name) => name.trim() || []);
}

/** A number of minutes, or "none": commander takes null for no value. */
function minutesIn(text: string, { t }: Translator): number | 'none' {
  if (text === 'none') return text;
  const { least, most } = FRESH_MINUTES;
  const number = /^\d{1,4}$/.test(text) ? Number(text) : 0;
  if (number >= least && number <= most) return number;
  throw new InvalidArgumentError(t('cli.app-fresh-form', { least: String(least), most: String(most) }));
}
