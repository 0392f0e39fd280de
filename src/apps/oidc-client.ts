import { z } from 'zod';
import type { MessageKey } from '../kernel/i18n.ts';
import { appAddress, appAddresses, logoutAddress } from './app-addresses.ts';

/** How a client proves itself at the token endpoint. "none": a public client, which has no secret (RFC 6749 §2.1). */
export const CLIENT_AUTHENTICATIONS = ['basic', 'post', 'none'] as const;
export type ClientAuthentication = (typeof CLIENT_AUTHENTICATIONS)[number];

/** Algorithms of ID tokens. */
export const ID_TOKEN_ALGORITHMS = ['RS256', 'ES256'] as const;
export type IdTokenAlgorithm = (typeof ID_TOKEN_ALGORITHMS)[number];

/** The settings of a client of OpenID Connect, as they are stored. */
export const oidcClientSchema = z.object({
  /** Where codes are sent; compared as a whole (RFC 9700 §2.1). At least one. */
  redirectUris: z.array(z.string()),
  /** Where people may be sent after they have signed out. */
  postLogoutUris: z.array(z.string()),
  /** Where the app is told that a sign-in has ended; null: it cannot be told. */
  backchannelLogoutUri: z.string().nullable(),
  authentication: z.enum(CLIENT_AUTHENTICATIONS),
  /** Whether a code needs PKCE with S256. Waived only for clients that cannot; never for public ones. */
  requiresPkce: z.boolean(),
  idTokenAlgorithm: z.enum(ID_TOKEN_ALGORITHMS),
  /** Whether people are asked before the app learns who they are. Off for the operator's own apps. */
  asksConsent: z.boolean(),
  /** Whether it may have refresh tokens (`offline_access`). */
  mayRefresh: z.boolean(),
  /** Whether `response_mode=form_post` is allowed beside the query (ASVS 10.4.12). */
  mayFormPost: z.boolean(),
  /** Ids of the groups whose names it is told of; the others are none of its business. */
  toldGroups: z.array(z.string()),
  /** Where people open the app: its page that begins a sign-in. Null: its front page. */
  startUrl: z.string().nullable(),
});

export type OidcClient = Readonly<z.infer<typeof oidcClientSchema>>;

const chosen = { error: 'admin-apps.choose' satisfies MessageKey };

/** The settings as administrators give them, on a page, by options or in a file. Messages are keys of the catalogue. */
export const oidcClientInput = z.object({
  redirectUris: appAddresses().min(1, { error: 'app-address.missing' satisfies MessageKey }),
  postLogoutUris: appAddresses(),
  backchannelLogoutUri: logoutAddress().nullable(),
  authentication: z.enum(CLIENT_AUTHENTICATIONS, chosen),
  requiresPkce: z.boolean(chosen),
  idTokenAlgorithm: z.enum(ID_TOKEN_ALGORITHMS, chosen),
  asksConsent: z.boolean(chosen),
  mayRefresh: z.boolean(chosen),
  mayFormPost: z.boolean(chosen),
  startUrl: appAddress().nullable(),
});

/** What holds if nothing else is said: the strictest that usual clients can do, and no question for the operator's own apps. */
export const OIDC_DEFAULTS = {
  postLogoutUris: [],
  backchannelLogoutUri: null,
  authentication: 'basic',
  requiresPkce: true,
  idTokenAlgorithm: 'RS256',
  asksConsent: false,
  mayRefresh: false,
  mayFormPost: false,
  toldGroups: [],
  startUrl: null,
} as const satisfies Omit<OidcClient, 'redirectUris'>;

/**
 * Whether the second settings protect a sign-in less than the first ones do. What the app learns, and for how long it stays
 * signed in, does not count.
 */
export function asksClientForLess(before: OidcClient, after: OidcClient): boolean {
  const isPublic = ({ authentication }: OidcClient) => authentication === 'none';
  const unencrypted = ({ redirectUris }: OidcClient) => redirectUris.filter((uri) => uri.startsWith('http:'));
  return (
    (before.requiresPkce && !after.requiresPkce) ||
    (!isPublic(before) && isPublic(after)) ||
    (before.asksConsent && !after.asksConsent) ||
    // Another program on the same machine may answer there, and gets the code.
    unencrypted(after).some((uri) => !before.redirectUris.includes(uri))
  );
}
