import { Argument, type Command } from 'commander';
import type { ListedApp } from '../apps/app.ts';
import type { AppFault, AppInput, HostAppInput } from '../apps/apps.ts';
import type { MessageKey, Translator } from '../kernel/i18n.ts';
import { namesOfGroups } from '../policy/group.ts';
import {
  type AppOptions,
  appName,
  appRecord,
  type GivenApp,
  givenApp,
  spelled,
  withAppOptions,
} from './app-settings.ts';
import { CommandError, type Operation, type Run, requireTables, wordsInSiteZone } from './operation.ts';
import { writeTable } from './terminal.ts';

/** Apps that people are signed in to. */
export function addAppCommands(app: Command, run: Run, words: Translator): void {
  const { t } = words;
  const about = (verb: string, key: MessageKey) => app.command(verb).description(t(key));
  const named = (verb: string, key: MessageKey) =>
    about(verb, key).addArgument(new Argument('<name>', t('cli.argument.app')));
  const json = (command: Command) => command.option('--json', t('cli.option.json'));
  json(about('list', 'cli.about-app-list')).action(({ json = false }: { json?: boolean }) =>
    run((operation) => listApps(operation, { json })),
  );
  json(named('show', 'cli.about-app-show')).action((name: string, { json = false }: { json?: boolean }) =>
    run((operation) => showApp(operation, name, { json })),
  );
  const create = about('create', 'cli.about-app-create').addArgument(
    new Argument('[name]', t('cli.argument.app')).argParser(appName(words)),
  );
  withAppOptions(create, words).action((name: string | undefined, options: AppOptions) =>
    run(async (operation) => {
      const given = await givenApp(operation, options);
      await createApp(operation, { ...given, name: name ?? given.name });
    }),
  );
  withAppOptions(named('update', 'cli.about-app-update'), words)
    .option('--name <name>', t('cli.option.group-name'), appName(words))
    .action(async (name: string, options: AppOptions & { readonly name?: string }, command: Command) => {
      if (Object.keys(options).length === 0) command.error(t('cli.nothing-to-set'));
      await run(async (operation) => {
        const given = await givenApp(operation, options);
        await updateApp(operation, name, { ...given, name: options.name ?? given.name });
      });
    });
  named('remove', 'cli.about-app-remove').action((name: string) =>
    run((operation) => removeApp(operation, name)),
  );
}

/** Columns of the list. */
export const APP_COLUMNS = ['name', 'address', 'audience', 'proof', 'last-sign-in'] as const;

/** `app list`: all, by name. */
export async function listApps(operation: Operation, { json }: { readonly json: boolean }): Promise<void> {
  await requireTables(operation);
  const { services, say } = operation;
  const [apps, groups] = [await services.apps.all(), await services.groups.list()];
  if (json) return say(JSON.stringify(apps.map((app) => appRecord(app, groups))));
  const words = await wordsInSiteZone(operation);
  if (apps.length === 0) return say(words.t('cli.no-apps'));
  const rows = apps.map((app) => [
    app.name,
    app.origin,
    app.audience === 'everybody'
      ? words.t('app.everybody')
      : namesOfGroups(app.audience, groups).join('; ') || words.t('cli.nobody'),
    spelled(app.proof),
    app.lastSignInAt === null ? words.t('cli.never') : words.when(app.lastSignInAt),
  ]);
  writeTable([APP_COLUMNS.map((column) => words.t(`cli.column.${column}`)), ...rows], say);
}

/** `app show`: all settings, one line each; as JSON, what `--from` reads. */
export async function showApp(
  operation: Operation,
  name: string,
  { json }: { readonly json: boolean },
): Promise<void> {
  const app = await appNamed(operation, name);
  const { services, say } = operation;
  const record = appRecord(app, await services.groups.list());
  if (json) return say(JSON.stringify(record));
  for (const [setting, value] of Object.entries(record)) {
    const written = Array.isArray(value) ? value.join('; ') : String(value ?? operation.words.t('cli.none'));
    say(`${setting}: ${written}`);
  }
}

/** `app create`: who may use it has to be given, so that no app is open to everybody by mistake. */
export async function createApp(operation: Operation, given: GivenApp): Promise<void> {
  await requireTables(operation);
  const { services, words, say, actor } = operation;
  const { name, origin, audience } = given;
  if (name === undefined) throw new CommandError(words.t('app.name-missing'));
  if (origin === undefined) throw new CommandError(words.t('cli.app-address-missing'));
  if (audience === undefined) throw new CommandError(words.t('cli.app-audience-missing'));
  const defaults = { proof: 'none', freshMinutes: null, confirmsEmail: false, remoteUser: 'email' } as const;
  const settings = await settingsOf(operation, given);
  const outcome = await services.apps.create(
    { ...defaults, audience: [], ...settings, kind: 'host', name, origin },
    actor,
  );
  if (outcome.kind === 'refused') throw refusalOf(operation, outcome.fault, { name, origin });
  say(words.t('cli.app-created', { app: name }));
}

/** `app update`: changes what is given. */
export async function updateApp(operation: Operation, name: string, given: GivenApp): Promise<void> {
  const app = await appNamed(operation, name);
  const { services, words, say, actor } = operation;
  if (app.kind !== 'host') throw new CommandError(words.t('cli.no-app', { app: name }));
  const { id: _id, host: _host, createdAt: _created, lastSignInAt: _use, ...present } = app;
  const input = { ...present, ...(await settingsOf(operation, given)) };
  const outcome = await services.apps.update(app.id, input, actor);
  if (outcome.kind === 'refused') throw refusalOf(operation, outcome.fault, input);
  say(words.t(outcome.kind === 'changed' ? 'cli.app-updated' : 'cli.app-unchanged', { app: input.name }));
}

/** `app remove`: its host is unknown from the next request on. */
export async function removeApp(operation: Operation, name: string): Promise<void> {
  const app = await appNamed(operation, name);
  await operation.services.apps.remove(app, operation.actor);
  operation.say(operation.words.t('cli.app-removed', { app: app.name }));
}

async function appNamed(operation: Operation, name: string): Promise<ListedApp> {
  await requireTables(operation);
  const app = await operation.services.apps.findByName(name);
  if (!app) throw new CommandError(operation.words.t('cli.no-app', { app: name }));
  return app;
}

/** What is given, with the ids of the groups. */
async function settingsOf(
  { services, words }: Operation,
  { audience, ...given }: GivenApp,
): Promise<Partial<Omit<HostAppInput, 'kind'>>> {
  const settings = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
  if (audience === undefined || audience === 'everybody')
    return { ...settings, ...(audience && { audience }) };
  const ids: string[] = [];
  for (const name of audience) {
    const group = await services.groups.findByName(name);
    if (!group) throw new CommandError(words.t('import.group-unknown', { group: name }));
    ids.push(group.id);
  }
  return { ...settings, audience: ids };
}

const REFUSALS: Readonly<Record<AppFault | 'gone', MessageKey>> = {
  'name taken': 'cli.app-exists',
  'host taken': 'cli.app-address-taken',
  'own site': 'cli.app-own-site',
  'not https': 'cli.app-not-https',
  gone: 'cli.no-app',
};

function refusalOf(
  { words }: Operation,
  fault: AppFault | 'gone',
  { name, origin }: Pick<AppInput, 'name' | 'origin'>,
): CommandError {
  return new CommandError(words.t(REFUSALS[fault], { app: name, address: origin }));
}
