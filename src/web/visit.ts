import { randomUUID } from 'node:crypto';
import bowser from 'bowser';
import type { Request, RequestHandler } from 'express';
import type { PersonFacts, StandingFacts } from '../accounts/standings.ts';
import type { Origin } from '../audit/audit.ts';
import type { Services } from '../services.ts';
import type { Settings } from '../settings/settings.ts';
import type { Translator } from '../words.ts';
import { claimOf, readState } from './session.ts';

/** What every page knows of the request it answers. */
export interface Visit {
  readonly origin: Origin;
  readonly settings: Settings;
  /** Of whom the session speaks, as they were when the request came. */
  readonly person: PersonFacts | undefined;
  /** Speaks the person's language: the profile's, else the browser's. */
  readonly words: Translator;
}

declare global {
  namespace Express {
    interface Request {
      /** Names the request in the log and on error pages. */
      requestId: string;
      visit?: Visit;
    }
  }
}

/** Gives each request an id of our own: what a client sends must not be able to write into the log. */
export function nameRequest(): RequestHandler {
  return (request, _response, next) => {
    request.requestId = randomUUID();
    next();
  };
}

/**
 * Reads what the page will have to know, and chooses the language. Where whoever asked was told meanwhile that a part is
 * silent, nothing more happens: what they are told was not done must not be done when it comes back.
 */
export function beginVisit(services: Services): RequestHandler {
  const { words } = services;
  return async (request, response, next) => {
    if (response.headersSent) return;
    const facts = await factsAtFirst(request, services);
    if (response.headersSent) return;
    request.visit = {
      ...facts,
      origin: originOf(request),
      words: words.for(words.choose(request.get('accept-language'), null)),
    };
    next();
  };
}

/** A page that a stranger looks at decides nothing: however many come at once, the database hardly hears of it. */
async function factsAtFirst(
  request: Request,
  { standings, settings, clock }: Services,
): Promise<StandingFacts> {
  const claim = claimOf(readState(request, clock()));
  const decides = claim !== undefined || request.method === 'POST';
  return decides ? standings.read(claim) : { settings: await settings.recent(), person: undefined };
}

export function visitOf(request: Request): Visit {
  if (!request.visit) throw new Error('The request has no visit yet.');
  return request.visit;
}

/** From here on the visit speaks this person's language. */
export function speakTo(request: Request, locale: string | null, { words }: Services): Visit {
  const visit = visitOf(request);
  const chosen = words.for(words.choose(request.get('accept-language'), locale));
  request.visit = { ...visit, words: chosen };
  return request.visit;
}

export function originOf(request: Request): Origin {
  return {
    requestId: request.requestId,
    address: request.ip ?? '',
    browser: describeBrowser(request.get('user-agent') ?? ''),
  };
}

const LONGEST_BROWSER = 60;

/** "Firefox, Linux". Who does not pretend to be Mozilla (Lynx, w3m, links) says its own name first. */
export function describeBrowser(userAgent: string): string {
  if (userAgent === '') return '';
  const { browser, os } = bowser.parse(userAgent);
  const [ownName = ''] = userAgent.split(/[/\s(]/);
  const name = userAgent.startsWith('Mozilla/') ? browser.name : ownName;
  const described = [name || ownName, os.name].filter(Boolean).join(', ');
  return described.replace(/[^\p{L}\p{N} .,_-]/gu, '').slice(0, LONGEST_BROWSER);
}
