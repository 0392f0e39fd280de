import type { Instant } from '../../kernel/time.ts';
import type { SignedApp } from '../app.ts';

/** What an app learns of a person by a signed hand-over. */
export interface PersonForApp {
  /** The account's id, which never changes. */
  readonly id: string;
  readonly email: string;
  /** Whether the person has shown that the address is theirs. */
  readonly isConfirmed: boolean;
  readonly name: string;
  /** Names of those of the app's told groups that the person is in. */
  readonly groups: readonly string[];
  /** Names of the told groups that the person is not in. */
  readonly otherGroups: readonly string[];
}

/** The parameters of the app's request, by name. Each format reads those that it names. */
export type AppQuery = Readonly<Record<string, string | undefined>>;

/** Everything that a format signs by. */
export interface SigningRequest {
  readonly app: Pick<SignedApp, 'origin' | 'signed'>;
  readonly person: PersonForApp;
  readonly query: AppQuery;
  /** The secrets that are valid now, newest first. */
  readonly secrets: readonly [string, ...string[]];
  readonly now: Instant;
  /** 128 random bits, never the same twice. */
  readonly tokenId: string;
}

/**
 * Why nothing is handed over. "no secret": the app has none yet. "settings": its destination is not on its own origin.
 * "malformed": the app's request lacks something, or has it twice. "bad signature": the request was signed by no valid secret.
 * "elsewhere": it asks to return to another origin than the app's own.
 */
export const SIGNING_FAULTS = ['no secret', 'settings', 'malformed', 'bad signature', 'elsewhere'] as const;
export type SigningFault = (typeof SIGNING_FAULTS)[number];

/** What takes the sign-in to the app. Each URL is on the app's own origin. */
export type SignedHandOverTo =
  /** The browser is redirected there. */
  | { readonly kind: 'redirect'; readonly url: string }
  /** The person sends a form with these fields there. */
  | { readonly kind: 'form'; readonly url: string; readonly fields: Readonly<Record<string, string>> };

export type Signing =
  | SignedHandOverTo
  /** The app has to begin: nobody is handed over yet. */
  | { readonly kind: 'begin' }
  /** The app asks to end the sign-in. */
  | { readonly kind: 'sign out' }
  | { readonly kind: 'fault'; readonly fault: SigningFault };

/** The rules of one format. */
export interface SignedFormatRules {
  /** The parameters of the app's request that it reads; all others are dropped. */
  readonly parameters: readonly string[];
  /** The one of them that may be dropped if the request is too long: the app's page to return to. */
  readonly returns?: string;
  /** Pure: the same request is signed in the same way. */
  sign(request: SigningRequest): Signing;
}
