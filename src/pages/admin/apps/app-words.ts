import type { Request } from 'express';
import type { App, HostApp, ListedApp, ProofDemand } from '../../../apps/app.ts';
import type { MessageKey, Translator } from '../../../kernel/i18n.ts';
import { type Group, namesOfGroups } from '../../../policy/group.ts';
import { NotFound } from '../../../web/http-errors.ts';
import { NO_VALUE } from '../../lists.ts';
import type { PageServices } from '../../page-services.ts';

export const APPS = '/admin/apps';
export const NEW_APP = `${APPS}/new`;

/** The form for a new app of a kind. */
export function newPathOf({ kind }: Pick<App, 'kind'>): string {
  return `${NEW_APP}/${kind}`;
}

/** The form for an app: each kind has one. */
export function editPathOf(app: Pick<App, 'id' | 'kind'>): string {
  return `${pathOf(app)}/edit/${app.kind}`;
}

export function pathOf({ id }: Pick<App, 'id'>): string {
  return `${APPS}/${id}`;
}

/** The app in the URL; throws NotFound. */
export async function appIn({ apps }: Pick<PageServices, 'apps'>, request: Request): Promise<ListedApp> {
  const app = await apps.find(String(request.params['id']));
  if (!app) throw new NotFound();
  return app;
}

/** The same, for what only an app behind a proxy has. */
export async function hostAppIn(
  services: Pick<PageServices, 'apps'>,
  request: Request,
): Promise<ListedApp<HostApp>> {
  const app = await appIn(services, request);
  if (app.kind !== 'host') throw new NotFound();
  return app;
}

const PROOF = {
  none: 'app.proof.none',
  'second step': 'app.proof.second-step',
  strong: 'app.proof.strong',
} as const satisfies Record<ProofDemand, MessageKey>;

export function proofInWords({ proof }: Pick<App, 'proof'>, { t }: Translator): string {
  return t(PROOF[proof]);
}

/** "Everybody", the names of the groups, or "Nobody" if all of them are gone. */
export function audienceInWords(
  { audience }: Pick<App, 'audience'>,
  groups: readonly Group[],
  words: Translator,
): string {
  if (audience === 'everybody') return words.t('app.everybody');
  const names = namesOfGroups(audience, groups);
  if (names.length === 0) return words.t('admin-apps.nobody');
  return new Intl.ListFormat(words.locale, { type: 'unit' }).format(names);
}

export function lastSignInInWords({ lastSignInAt }: ListedApp, words: Translator): string {
  return lastSignInAt === null ? NO_VALUE : words.when(lastSignInAt);
}
