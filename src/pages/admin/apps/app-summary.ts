import {
  type ListedApp,
  type OidcApp,
  type SignedApp,
  sharesSecret,
  toldGroupsOf,
} from '../../../apps/app.ts';
import type { SecretStanding } from '../../../apps/app-secrets.ts';
import type { Translator } from '../../../kernel/i18n.ts';
import { type Group, namesOfGroups } from '../../../policy/group.ts';
import { NO_VALUE } from '../../lists.ts';
import { audienceInWords, lastSignInInWords, pathOf, proofInWords } from './app-words.ts';
import { FORMAT_NAMES } from './kind-forms.ts';

/** A row of the partial `summary`. */
export interface SummaryRow {
  readonly label: string;
  readonly value: string;
  readonly badge?: 'warning';
  readonly action?: { readonly href: string; readonly text: string };
  readonly long?: boolean;
}

/** The settings of an app in words, with the state of its secrets. */
export function summaryOf(
  app: ListedApp,
  groups: readonly Group[],
  secrets: readonly SecretStanding[],
  words: Translator,
): readonly SummaryRow[] {
  const { t } = words;
  return [
    { label: t('audit-detail.kind'), value: t(`app.kind.${app.kind}`) },
    { label: t('audit-detail.origin'), value: app.origin },
    { label: t('audit-detail.audience'), value: audienceInWords(app, groups, words) },
    { label: t('audit-detail.proof'), value: proofInWords(app, words) },
    {
      label: t('audit-detail.fresh-minutes'),
      value: app.freshMinutes === null ? NO_VALUE : words.number(app.freshMinutes),
    },
    { label: t('audit-detail.confirms-email'), value: yesOrNo(app.confirmsEmail, words) },
    ...protocolRows(app, groups, words),
    ...(sharesSecret(app) ? secretRows(app, secrets, words) : []),
    { label: t('admin-apps.last-sign-in'), value: lastSignInInWords(app, words) },
  ];
}

function protocolRows(app: ListedApp, groups: readonly Group[], words: Translator): readonly SummaryRow[] {
  const { t } = words;
  if (app.kind === 'host') {
    return [{ label: t('audit-detail.remote-user'), value: t(`app.remote-user.${app.remoteUser}`) }];
  }
  const told = namesOfGroups(toldGroupsOf(app), groups);
  const list = new Intl.ListFormat(words.locale, { type: 'unit' }).format(told);
  const { startUrl } = app.kind === 'oidc' ? app.client : app.signed;
  return [
    ...(app.kind === 'oidc' ? clientRows(app, words) : handOverRows(app, words)),
    { label: t('audit-detail.told-groups'), value: list || NO_VALUE },
    { label: t('audit-detail.start-page'), value: startUrl ?? NO_VALUE },
  ];
}

function clientRows({ client }: OidcApp, words: Translator): readonly SummaryRow[] {
  const { t } = words;
  const waived = { value: t('admin-apps.pkce-waived'), badge: 'warning' } as const;
  return [
    { label: t('audit-detail.redirect-addresses'), value: client.redirectUris.join(' ') },
    { label: t('audit-detail.sign-out-addresses'), value: client.postLogoutUris.join(' ') || NO_VALUE },
    { label: t('audit-detail.logout-address'), value: client.backchannelLogoutUri ?? NO_VALUE },
    {
      label: t('audit-detail.client-authentication'),
      value: t(`app.client-authentication.${client.authentication}`),
    },
    {
      label: t('audit-detail.pkce'),
      ...(client.requiresPkce ? { value: yesOrNo(true, words) } : waived),
    },
    { label: t('audit-detail.algorithm'), value: client.idTokenAlgorithm },
    { label: t('audit-detail.consent'), value: yesOrNo(client.asksConsent, words) },
    { label: t('audit-detail.refresh'), value: yesOrNo(client.mayRefresh, words) },
    { label: t('audit-detail.form-post'), value: yesOrNo(client.mayFormPost, words) },
  ];
}

function handOverRows(
  { signed: { format, destination } }: SignedApp,
  { t }: Translator,
): readonly SummaryRow[] {
  return [
    { label: t('audit-detail.format'), value: FORMAT_NAMES[format] },
    { label: t('audit-detail.destination'), value: destination },
  ];
}

/** When the secret was made, and until when the former one is valid beside it. */
function secretRows(
  app: ListedApp,
  [newest, former]: readonly SecretStanding[],
  { t, when }: Translator,
): readonly SummaryRow[] {
  const path = `${pathOf(app)}/secret`;
  const made = newest ? t('admin-apps.secret-made', { date: when(newest.createdAt) }) : NO_VALUE;
  return [
    {
      ...{ label: t('admin-apps.secret'), value: made, long: true },
      action: { href: path, text: t('admin-apps.secret-new') },
    },
    ...(former?.endsAt
      ? [
          {
            ...{ label: t('admin-apps.secret-former'), long: true },
            value: t('admin-apps.secret-until', { date: when(former.endsAt) }),
            action: { href: `${path}/end`, text: t('admin-apps.secret-end') },
          },
        ]
      : []),
  ];
}

function yesOrNo(isSo: boolean, { t }: Translator): string {
  return t(isSo ? 'admin-apps.yes' : 'admin-apps.no');
}
