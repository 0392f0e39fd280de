import { z } from 'zod';
import type { MessageKey } from '../kernel/i18n.ts';
import { appAddress } from './app-addresses.ts';

/** Formats of signed hand-overs: a JWT for Zendesk, Deskpro and Help Scout Docs; DiscourseConnect for Discourse. */
export const SIGNED_FORMATS = ['zendesk', 'deskpro', 'help-scout', 'discourse'] as const;
export type SignedFormat = (typeof SIGNED_FORMATS)[number];

/** The settings of an app that takes signed hand-overs, as they are stored. */
export const signedHandOverSchema = z.object({
  format: z.enum(SIGNED_FORMATS),
  /** The URL of the app that takes the hand-over; on the app's own origin. */
  destination: z.string(),
  /** Ids of the groups whose names it is told of; only Discourse has a use for them. */
  toldGroups: z.array(z.string()),
  /** Where people open the app. Null: where a sign-in to it begins. */
  startUrl: z.string().nullable(),
});

export type SignedHandOver = Readonly<z.infer<typeof signedHandOverSchema>>;

/** The settings as administrators give them, on a page, by options or in a file. Messages are keys of the catalogue. */
export const signedHandOverInput = z.object({
  format: z.enum(SIGNED_FORMATS, { error: 'admin-apps.choose' satisfies MessageKey }),
  destination: appAddress(),
  startUrl: appAddress().nullable(),
});

/** Where apps of a format take the hand-over, below their origin. Undefined: each installation has a place of its own. */
export const DESTINATIONS: Readonly<Record<SignedFormat, string | undefined>> = {
  zendesk: '/access/jwt',
  deskpro: undefined,
  'help-scout': '/authcallback',
  discourse: '/session/sso_login',
};

/** Formats whose apps make the secret themselves: it is pasted in here, and not the other way round. */
export const SECRET_OF_APP: readonly SignedFormat[] = ['zendesk', 'help-scout'];

/** The page that signs people in to such an app: what administrators type into the app as its sign-in URL. */
export function signInPathOf(appId: string): string {
  return `/apps/${appId}/sign-in`;
}
