/** What is special about an app's client of OpenID Connect. */
export const APP_TRAITS = ['public-client', 'post', 'no-pkce', 'scope-typed'] as const;
export type AppTrait = (typeof APP_TRAITS)[number];

/** A well-known app that speaks OpenID Connect. */
export interface KnownApp {
  readonly name: string;
  /** The path of its redirect address, with "…" for what differs between installations. */
  readonly callback: string;
  readonly traits: readonly AppTrait[];
  /** Its document, in the folder docs/apps. */
  readonly document: string;
}

/** By name. From the documentation and the sources of each app; the documents say which. */
export const KNOWN_APPS: readonly KnownApp[] = [
  { name: 'BookStack', callback: '/oidc/callback', traits: [], document: 'bookstack.md' },
  {
    ...{ name: 'Deskpro', callback: '/login/authenticate-callback/…', traits: [] },
    document: 'deskpro.md',
  },
  { name: 'Discourse', callback: '/auth/oidc/callback', traits: [], document: 'discourse.md' },
  {
    ...{ name: 'GitLab', callback: '/users/auth/openid_connect/callback', traits: [] },
    document: 'gitlab.md',
  },
  {
    ...{ name: 'GLPI', callback: '/plugins/singlesignon/front/callback.php/provider/…' },
    ...{ traits: ['post', 'no-pkce', 'scope-typed'], document: 'glpi.md' },
  },
  {
    ...{ name: 'MediaWiki', callback: '/index.php/Special:PluggableAuthLogin', traits: [] },
    document: 'mediawiki.md',
  },
  {
    ...{ name: 'Nextcloud', callback: '/apps/user_oidc/code', traits: ['post'] },
    document: 'nextcloud.md',
  },
  { name: 'Odoo', callback: '/auth_oauth/signin', traits: [], document: 'odoo.md' },
  {
    ...{ name: 'osTicket', callback: '/api/auth/oauth2', traits: ['post', 'no-pkce', 'scope-typed'] },
    document: 'osticket.md',
  },
  { name: 'Redmine', callback: '/oauth2callback', traits: [], document: 'redmine.md' },
  {
    ...{ name: 'Zammad', callback: '/auth/openid_connect/callback', traits: ['public-client'] },
    document: 'zammad.md',
  },
  { name: 'Zendesk', callback: '/access/oidc/callback', traits: [], document: 'zendesk.md' },
];
