import type { IncomingMessage } from 'node:http';
import type { Request } from 'express';
import type { Visitor } from '../apps/access.ts';
import type { OidcApp } from '../apps/app.ts';
import type { SignedIn } from '../web/auth-state.ts';

/** What the provider leaves to Postern's pages to answer. */
export type LeftToPages =
  /** An error that the app is not told: a person reads it. `error` as in RFC 6749 §4.1.2.1. */
  | { readonly kind: 'error'; readonly error: string; readonly description: string | undefined }
  /** The request under way is unknown: used up, too old, or begun in another browser. */
  | { readonly kind: 'lost' }
  /** The answer to the app as a form (OAuth 2.0 Form Post Response Mode). */
  | {
      readonly kind: 'form post';
      readonly action: string;
      readonly fields: Readonly<Record<string, string>>;
    }
  /** The database is down, or something is broken. */
  | { readonly kind: 'fault'; readonly cause: unknown };

/** What is known about one request while the provider answers it. */
export interface Exchange {
  /** Who is signed in to Postern in this browser; undefined: nobody, or the request has no browser. */
  readonly person: SignedIn | undefined;
  /** The apps that were looked up: one request sees one state of an app. */
  readonly apps: Map<string, OidcApp | undefined>;
  /** The person of the token in use. */
  visitor?: Visitor;
  left?: LeftToPages;
}

const exchanges = new WeakMap<IncomingMessage, Exchange>();

/** Begins an exchange with the provider. */
export function beginExchange(request: Request, person: SignedIn | undefined): Exchange {
  const exchange: Exchange = { person, apps: new Map() };
  exchanges.set(request, exchange);
  return exchange;
}

export function exchangeOf(request: IncomingMessage): Exchange {
  const exchange = exchanges.get(request);
  if (!exchange) throw new Error('The provider was called past its routes.');
  return exchange;
}
