import { z } from 'zod';
import type { OidcApp } from '../apps/app.ts';

/** What an app sends with a person who signs out there (OpenID Connect RP-Initiated Logout 1.0 §2). */
export const logoutParameters = z.object({
  id_token_hint: z.string().max(8000).optional(),
  client_id: z.string().max(100).optional(),
  post_logout_redirect_uri: z.string().max(2000).optional(),
  state: z.string().max(2000).optional(),
});
export type LogoutParameters = z.output<typeof logoutParameters>;

export type LogoutRequest =
  | {
      readonly kind: 'logout';
      /** Undefined: the request does not say which app it is of. */
      readonly app: OidcApp | undefined;
      /** A registered address of the app, with its `state`: where the person goes afterwards. Undefined: nowhere. */
      readonly returnTo: string | undefined;
      /** Whose sign-in to the app it is, by a valid `id_token_hint`. `sid`: the id of the sign-in to the app (`ClientSignIns`). */
      readonly hint: { readonly accountId: string; readonly sid: string | undefined } | undefined;
    }
  /**
   * "hint": not an ID token of ours, or of another app than the one that is named. "client": no such app. "address": not registered
   * for the app. Nobody is sent anywhere.
   */
  | { readonly kind: 'refused'; readonly fault: 'hint' | 'client' | 'address' };
