import type { OidcApp, SignedApp } from '../../../apps/app.ts';
import type { SignedFormat } from '../../../apps/signed-hand-over.ts';
import type { MessageKey, Translator } from '../../../kernel/i18n.ts';
import { NO_VALUE } from '../../lists.ts';

/** A line of what is to be entered in the app, or to be compared with it. */
export interface ConnectRow {
  readonly label: string;
  /** Several: one a line. Written from left to right, in whatever language. */
  readonly values: readonly string[];
}

/** The paths of the provider, below Postern's address. */
const ENDPOINTS: readonly (readonly [MessageKey, string])[] = [
  ['connect.issuer', '/oidc'],
  ['connect.discovery', '/oidc/.well-known/openid-configuration'],
];

/** For apps that cannot read the discovery document. */
const SINGLE_ENDPOINTS: readonly (readonly [MessageKey, string])[] = [
  ['connect.authorization', '/oidc/authorize'],
  ['connect.token', '/oidc/token'],
  ['connect.userinfo', '/oidc/userinfo'],
  ['connect.keys', '/oidc/jwks'],
  ['connect.sign-out', '/oidc/logout'],
];

/** What every client needs. `baseUrl`: Postern's own origin. */
export function clientRows(app: OidcApp, baseUrl: string, { t }: Translator): readonly ConnectRow[] {
  const { authentication, idTokenAlgorithm, mayRefresh } = app.client;
  return [
    ...ENDPOINTS.map(([key, path]) => ({ label: t(key), values: [`${baseUrl}${path}`] })),
    { label: t('connect.client-id'), values: [app.id] },
    {
      label: t('connect.scopes'),
      values: [`openid email profile groups${mayRefresh ? ' offline_access' : ''}`],
    },
    { label: t('audit-detail.client-authentication'), values: [METHODS[authentication]] },
    { label: t('audit-detail.algorithm'), values: [idTokenAlgorithm] },
  ];
}

/** As metadata of clients spells them (OpenID Connect Core 1.0 §9). */
const METHODS = { basic: 'client_secret_basic', post: 'client_secret_post', none: 'none' } as const;

export function singleEndpointRows(baseUrl: string, { t }: Translator): readonly ConnectRow[] {
  return SINGLE_ENDPOINTS.map(([key, path]) => ({ label: t(key), values: [`${baseUrl}${path}`] }));
}

/** What the app says of itself, which has to be the same on both sides. */
export function comparedRows({ client }: OidcApp, { t }: Translator): readonly ConnectRow[] {
  return [
    { label: t('audit-detail.redirect-addresses'), values: client.redirectUris },
    { label: t('audit-detail.sign-out-addresses'), values: orNone(client.postLogoutUris) },
    { label: t('audit-detail.logout-address'), values: [client.backchannelLogoutUri ?? NO_VALUE] },
  ];
}

function orNone(values: readonly string[]): readonly string[] {
  return values.length > 0 ? values : [NO_VALUE];
}

/** What an app that takes a signed hand-over needs. */
export function handOverRows(app: SignedApp, baseUrl: string, { t }: Translator): readonly ConnectRow[] {
  const { format, destination } = app.signed;
  return [
    { label: t('connect.sign-in-url'), values: [`${baseUrl}/apps/${app.id}/sign-in`] },
    { label: t('connect.signature'), values: [SIGNATURES[format]] },
    { label: t('audit-detail.destination'), values: [destination] },
  ];
}

const SIGNATURES: Readonly<Record<SignedFormat, string>> = {
  zendesk: 'JWT, HS256',
  deskpro: 'JWT, HS256',
  'help-scout': 'JWT, HS512',
  discourse: 'DiscourseConnect, HMAC-SHA256',
};

/** The document about the format's app, in the folder docs/apps. */
export const FORMAT_DOCUMENTS: Readonly<Record<SignedFormat, string>> = {
  zendesk: 'zendesk.md',
  deskpro: 'deskpro.md',
  'help-scout': 'help-scout-docs.md',
  discourse: 'discourse.md',
};
