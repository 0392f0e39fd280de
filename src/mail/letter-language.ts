import type { Actor } from '../audit/audit.ts';
import type { Recipient } from './message.ts';
import { MAILS, type MailKind } from './vocabulary.ts';

interface Sending {
  readonly to: Recipient;
  readonly kind: MailKind;
  /** Who caused the mail; `origin.language` is that of the page they did it on. */
  readonly actor: Actor;
  /** The site's language. */
  readonly site: string;
}

/**
 * The languages that a mail may be written in, best first: the one rule for every mail (see decision 36).
 *
 * 1. What the person has chosen in the profile.
 * 2. The page that the person has just used, unless the mail is a warning.
 * 3. What they are known to read: the language of their last sign-in, or what an administrator said at the invitation.
 * 4. The page of an anonymous visitor (a forgotten password, a sign-up): only if nothing better is known, so that strangers
 *    cannot choose for people. The page of an administrator never counts for somebody else.
 * 5. The language of the site.
 */
export function letterLanguages({ to, kind, actor, site }: Sending): readonly string[] {
  const page = actor.origin.language ?? null;
  const isRecipient = to.id !== null && actor.party.id === to.id;
  const isUnknown = actor.party.id === null;
  const readsPage = isRecipient && !MAILS[kind].isWarning;
  const mayReadPage = isRecipient || isUnknown;
  return [to.locale, readsPage ? page : null, to.knownLanguage, mayReadPage ? page : null, site].flatMap(
    (language) => language ?? [],
  );
}
