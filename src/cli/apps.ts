import { Argument, type Command } from 'commander';
import type { MessageKey, Translator } from '../kernel/i18n.ts';
import { namesOfGroups } from '../policy/group.ts';
import { createApp, updateApp } from './app-changes.ts';
import { addKeysCommand } from './app-keys.ts';
import { appNamed } from './app-named.ts';
import { appRecord, spelled } from './app-record.ts';
import { addSecretCommand } from './app-secret.ts';
import { type AppOptions, appName, givenApp, withAppOptions, withKindOption } from './app-settings.ts';
import { type Operation, type Run, requireTables, wordsInSiteZone } from './operation.ts';
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
  withAppOptions(withKindOption(create, words), words).action(
    (name: string | undefined, options: AppOptions) =>
      run(async (operation) => createApp(operation, name, await givenApp(operation, options))),
  );
  withAppOptions(named('update', 'cli.about-app-update'), words)
    .option('--name <name>', t('cli.option.group-name'), appName(words))
    .action(async (name: string, options: AppOptions & { readonly name?: string }, command: Command) => {
      if (Object.keys(options).length === 0) command.error(t('cli.nothing-to-set'));
      await run(async (operation) =>
        updateApp(operation, name, options.name, await givenApp(operation, options)),
      );
    });
  addSecretCommand(named, run, words);
  addKeysCommand(about, run, words);
  named('remove', 'cli.about-app-remove').action((name: string) =>
    run((operation) => removeApp(operation, name)),
  );
}

/** Columns of the list. */
export const APP_COLUMNS = ['name', 'kind', 'address', 'audience', 'proof', 'last-sign-in'] as const;

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
    app.kind,
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

/** `app remove`: nobody is signed in to it from the next request on. */
export async function removeApp(operation: Operation, name: string): Promise<void> {
  const app = await appNamed(operation, name);
  await operation.services.apps.remove(app, operation.actor);
  operation.say(operation.words.t('cli.app-removed', { app: app.name }));
}
