import type { App, AppKind, ListedApp } from '../apps/app.ts';
import { APP_FAULT_TEXTS, type AppFault, type AppInput, type AppRefused } from '../apps/app-input.ts';
import { OIDC_DEFAULTS } from '../apps/oidc-client.ts';
import { DESTINATIONS, type SignedHandOver } from '../apps/signed-hand-over.ts';
import { appNamed } from './app-named.ts';
import { type GivenApp, withoutGaps } from './app-record.ts';
import type { Given } from './app-settings.ts';
import { CommandError, type Operation, requireTables } from './operation.ts';

/** What all kinds have. */
type Common = Omit<Extract<AppInput, { kind: 'host' }>, 'kind' | 'remoteUser'>;

/** `app create`: who may use it has to be given, so that no app is open to everybody by mistake. Prints its new secret. */
export async function createApp(
  operation: Operation,
  typedName: string | undefined,
  { kind = 'host', settingsFor }: Given,
): Promise<void> {
  await requireTables(operation);
  const { services, words, say, actor } = operation;
  const given = settingsFor(kind);
  const { origin, audience } = given;
  const name = typedName ?? given.name;
  if (name === undefined) throw new CommandError(words.t('app.name-missing'));
  if (origin === undefined) throw new CommandError(words.t('cli.app-address-missing'));
  if (audience === undefined) throw new CommandError(words.t('cli.app-audience-missing'));
  // Apps that speak a protocol find their accounts by the address.
  const defaults = { proof: 'none', freshMinutes: null, confirmsEmail: kind !== 'host' } as const;
  const common = { ...defaults, audience: [], ...(await commonSettings(operation, given)), name, origin };
  const input = await newInput(operation, kind, common, given);
  const outcome = await services.apps.create(input, actor);
  if (outcome.kind === 'refused') throw refusalOf(operation, outcome, input);
  say(words.t('cli.app-created', { app: name }));
  if (outcome.app.kind === 'oidc') say(words.t('cli.app-client-id', { id: outcome.app.id }));
  saySecret(operation, outcome.secret);
}

/** `app update`: changes what is given. */
export async function updateApp(
  operation: Operation,
  name: string,
  newName: string | undefined,
  { kind, settingsFor }: Given,
): Promise<void> {
  const app = await appNamed(operation, name);
  const { services, words, say, actor } = operation;
  if (kind !== undefined && kind !== app.kind) {
    throw new CommandError(words.t('cli.app-kind-stays', { app: app.name }));
  }
  const input = await changedInput(operation, app, settingsFor(app.kind), newName);
  const outcome = await services.apps.update(app.id, input, actor);
  if (outcome.kind === 'refused') throw refusalOf(operation, outcome, input);
  say(words.t(outcome.kind === 'changed' ? 'cli.app-updated' : 'cli.app-unchanged', { app: input.name }));
  saySecret(operation, outcome.secret);
}

function saySecret({ words, say }: Operation, secret: string | undefined): void {
  if (secret !== undefined) say(words.t('cli.app-secret', { secret }));
}

/** The settings of a new app of this kind, with defaults for what is not given. */
async function newInput(
  operation: Operation,
  kind: AppKind,
  common: Common,
  given: GivenApp,
): Promise<AppInput> {
  const { words } = operation;
  const toldGroups = await idsOf(operation, given.toldGroups ?? []);
  switch (kind) {
    case 'host':
      return { ...common, kind, remoteUser: given.remoteUser ?? 'email' };
    case 'oidc': {
      const { redirectUris, ...rest } = given.client ?? {};
      if (redirectUris === undefined) throw new CommandError(words.t('app-address.missing'));
      return { ...common, kind, client: { ...OIDC_DEFAULTS, redirectUris, ...rest, toldGroups } };
    }
    case 'signed':
      return { ...common, kind, signed: { ...newHandOver(operation, common.origin, given), toldGroups } };
  }
}

function newHandOver({ words }: Operation, origin: string, { signed = {} }: GivenApp): SignedHandOver {
  const { format, startUrl = null } = signed;
  if (format === undefined) throw new CommandError(words.t('cli.app-format-missing'));
  const usual = DESTINATIONS[format];
  const destination = signed.destination ?? (usual && `${origin}${usual}`);
  if (destination === undefined) throw new CommandError(words.t('app.fault.destination-missing'));
  return { format, destination, startUrl, toldGroups: [] };
}

/** The settings of an app with what is given in their place. */
async function changedInput(
  operation: Operation,
  app: ListedApp,
  given: GivenApp,
  newName: string | undefined,
): Promise<AppInput> {
  const { id: _id, createdAt: _created, lastSignInAt: _use, ...present } = app;
  const common = { ...(await commonSettings(operation, given)), ...(newName && { name: newName }) };
  const told = given.toldGroups && { toldGroups: await idsOf(operation, given.toldGroups) };
  switch (present.kind) {
    case 'host': {
      const { host: _host, ...input } = present;
      return { ...input, ...common, ...(given.remoteUser && { remoteUser: given.remoteUser }) };
    }
    case 'oidc':
      return { ...present, ...common, client: { ...present.client, ...given.client, ...told } };
    case 'signed':
      return { ...present, ...common, signed: { ...present.signed, ...given.signed, ...told } };
  }
}

/** What is given of the settings that all kinds have, with the ids of the groups. */
async function commonSettings(operation: Operation, given: GivenApp): Promise<Partial<Common>> {
  const { name, origin, proof, freshMinutes, confirmsEmail, audience } = given;
  const settings = withoutGaps({ name, origin, proof, freshMinutes, confirmsEmail });
  if (audience === undefined) return settings;
  return { ...settings, audience: audience === 'everybody' ? audience : await idsOf(operation, audience) };
}

async function idsOf({ services, words }: Operation, names: readonly string[]): Promise<string[]> {
  const ids: string[] = [];
  for (const name of names) {
    const group = await services.groups.findByName(name);
    if (!group) throw new CommandError(words.t('import.group-unknown', { group: name }));
    ids.push(group.id);
  }
  return ids;
}

function refusalOf(
  { words }: Operation,
  { fault, address }: AppRefused<AppFault | 'gone'>,
  { name, origin }: Pick<App, 'name' | 'origin'>,
): CommandError {
  return new CommandError(
    words.t(fault === 'gone' ? 'cli.no-app' : APP_FAULT_TEXTS[fault], {
      app: name,
      address: address ?? origin,
    }),
  );
}
