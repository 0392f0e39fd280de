import type { AppDemand, OidcApp } from '../apps/app.ts';
import type { Scope } from '../apps/scopes.ts';

/** An authorization request under way, as our pages see it. */
export interface PendingAuthorization {
  readonly app: OidcApp;
  /** The app's demand, raised by what the client asks for. */
  readonly demand: AppDemand;
  /** An essential `acr` that this person cannot meet, whatever they do: the client is to be told (`abort`). */
  readonly isUnmet: boolean;
  /** The origin of the address that the answer goes to. */
  readonly redirectOrigin: string;
  /** What the app asks for. */
  readonly scopes: readonly Scope[];
  /** Whether the person has to agree before the app learns that; false while nobody is signed in. */
  readonly needsConsent: boolean;
}
