import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import bowser from 'bowser';
import type { Request, RequestHandler } from 'express';
import type { Origin } from '../audit/audit.ts';
import type { Translator, Words } from '../kernel/i18n.ts';
import type { Clock, Instant } from '../kernel/time.ts';
import type { AuthSnapshot, AuthSnapshots, PersonSnapshot } from '../policy/snapshot.ts';
import type { Settings, SettingsStore } from '../settings/settings.ts';
import { subjectOf } from '../sign-in/session-state.ts';
import { clientAddress } from './client-address.ts';
import { readState } from './session.ts';

/** The data of a request that every page needs. */
export interface RequestContext {
  /** The time of the request: when the context was read. */
  readonly now: Instant;
  readonly origin: Origin;
  readonly settings: Settings;
  /** The account that the session refers to, as read after the body had arrived. */
  readonly person: PersonSnapshot | undefined;
  /** Translates into the person's language: the profile's, else the browser's, else the site's. */
  readonly words: Translator;
}

/** What the context is read from. */
export interface ContextServices {
  readonly snapshots: AuthSnapshots;
  readonly settings: Pick<SettingsStore, 'recent'>;
  readonly words: Words;
  readonly clock: Clock;
}

declare global {
  namespace Express {
    interface Request {
      /** Identifies the request in the log and on error pages. */
      requestId: string;
      context?: RequestContext;
    }
  }
}

/** A request with its id, of Express or not. */
export type NamedRequest = IncomingMessage & Pick<Request, 'requestId'>;

/** Gives the request a generated id. An id from a client could inject text into the log. */
export function named(request: IncomingMessage): NamedRequest {
  return Object.assign(request, { requestId: randomUUID() });
}

/** Gives each request an id. */
export function nameRequest(): RequestHandler {
  return (request, _response, next) => {
    named(request);
    next();
  };
}

/**
 * Loads the context of the request. Mount it after the body parsers: a body may take minutes to arrive, and a session that has
 * ended meanwhile must not act. If a dependency has timed out and the request was answered, stops here: after an error page
 * nothing may be done.
 */
export function loadContext(services: ContextServices): RequestHandler {
  return async (request, response, next) => {
    if (response.headersSent) return;
    const context = await readContext(request, services);
    if (response.headersSent) return;
    request.context = context;
    next();
  };
}

/** Reads settings and person again, after the session was replaced or the request has waited for long. */
export async function reloadContext(request: Request, services: ContextServices): Promise<void> {
  request.context = await readContext(request, services);
}

async function readContext(request: Request, services: ContextServices): Promise<RequestContext> {
  const snapshot = await readSnapshot(request, services);
  const spoken = wordsFor(request, null, snapshot.settings, services.words);
  return {
    ...snapshot,
    now: services.clock(),
    origin: { ...originOf(request), language: spoken.locale },
    words: spoken,
  };
}

/** A GET without an account decides nothing, so its settings may be a second old: a flood does not reach the database. */
async function readSnapshot(
  request: Request,
  { snapshots, settings, clock }: ContextServices,
): Promise<AuthSnapshot> {
  const subject = subjectOf(readState(request, clock()));
  const decides = subject !== undefined || request.method === 'POST';
  return decides ? snapshots.read(subject) : { settings: await settings.recent(), person: undefined };
}

export function contextOf(request: Request): RequestContext {
  if (!request.context) throw new Error('The request has no context yet.');
  return request.context;
}

/** Sets the language of this request's pages and mails from here on. */
export function setLocale(
  request: Request,
  locale: string | null,
  { words }: { readonly words: Words },
): RequestContext {
  const context = contextOf(request);
  const spoken = wordsFor(request, locale, context.settings, words);
  request.context = { ...context, origin: { ...context.origin, language: spoken.locale }, words: spoken };
  return request.context;
}

/** The translator for the person's language, else the browser's, else the site's; times are in the site's zone. */
export function wordsFor(
  request: Request,
  chosen: string | null,
  { language, timeZone }: Settings,
  words: Words,
): Translator {
  return words.for(words.choose(request.get('accept-language'), chosen, language), timeZone);
}

export function originOf(request: Request): Origin {
  return {
    requestId: request.requestId,
    address: clientAddress(request),
    browser: describeBrowser(request.get('user-agent') ?? ''),
  };
}

/** Browsers and systems that bowser knows by name. For others it returns text that the client sent. */
const KNOWN_BROWSERS: ReadonlySet<string> = new Set(Object.values(bowser.BROWSER_MAP));
const KNOWN_SYSTEMS: ReadonlySet<string> = new Set(Object.values(bowser.OS_MAP));

/** Text browsers, small browsers and test programs, whose User-Agent begins with their own name and not with "Mozilla". */
const OWN_NAMES = [
  ...['Lynx', 'w3m', 'Links', 'ELinks', 'Emacs-w3m', 'Edbrowse', 'Retawq', 'Chawan', 'Carbonyl', 'Browsh'],
  ...['NetSurf', 'Dillo', 'Offpunk', 'Amfora', 'curl', 'Wget', 'HTTPie', 'PostmanRuntime', 'insomnia'],
];

/**
 * Browser and system by name ("Firefox, Linux", "Lynx"); "" if the browser is unknown. Never text from the client: the
 * description is mailed to people, and mail programs turn addresses into links.
 */
export function describeBrowser(userAgent: string): string {
  if (userAgent === '') return '';
  const { browser, os } = bowser.parse(userAgent);
  const [first = ''] = userAgent.split(/[/\s(]/);
  const ownName = OWN_NAMES.find((name) => name.toLowerCase() === first.toLowerCase());
  const name = ownName ?? known(browser.name, KNOWN_BROWSERS);
  return [name, known(os.name, KNOWN_SYSTEMS)].filter(Boolean).join(', ');
}

function known(name: string | undefined, names: ReadonlySet<string>): string | undefined {
  return name !== undefined && names.has(name) ? name : undefined;
}
