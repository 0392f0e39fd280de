import { z } from 'zod';

/**
 * Formats of signed hand-overs: an HS256 JWT for Zendesk, Deskpro and Help Scout Docs; DiscourseConnect for Discourse.
 */
export const SIGNED_FORMATS = ['zendesk', 'deskpro', 'help-scout', 'discourse'] as const;
export type SignedFormat = (typeof SIGNED_FORMATS)[number];

/** The settings of an app that takes signed hand-overs, as they are stored. */
export const signedHandOverSchema = z.object({
  format: z.enum(SIGNED_FORMATS),
  /** The URL of the app that takes the hand-over; on the app's own origin. */
  destination: z.string(),
  /** Ids of the groups whose names it is told of. */
  toldGroups: z.array(z.string()),
  /** Where people open the app. Null: its front page. */
  startUrl: z.string().nullable(),
});

export type SignedHandOver = Readonly<z.infer<typeof signedHandOverSchema>>;
