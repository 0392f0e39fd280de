import type { Request, RequestHandler, Response } from 'express';

/**
 * What Lynx, w3m and Links need where they keep to no standard. Each gets its own and nobody else anything: a site that
 * knew all of this by headers and markup alone would burden every other browser with it. Whoever sends another name sees
 * what all browsers see. docs/browsers.md tells what was seen in each.
 */
const BROWSERS = {
  lynx: /^Lynx\//,
  w3m: /^w3m\//,
  links: /^Links \(/,
} as const;

type TextBrowser = keyof typeof BROWSERS;

const PARAMETER = 'fresh';

/** The headers and the redirects; `pageFor` does the rest. */
export function textBrowsers(): RequestHandler {
  return (request, response, next) => {
    if (is('lynx', request)) {
      // It knows no `no-store`, and shows a page that it has kept until it reads `no-cache`.
      response.set('Cache-Control', 'no-store, no-cache');
      cookiesWithoutSameSite(response);
    }
    // Where a form leads back to its own address, Lynx shows the form again as it was, without asking, whatever the
    // headers say; w3m takes it for an endless loop when that address leads on to another page.
    if (is('lynx', request) || is('w3m', request))
      freshRedirects(request, response, (target) => request.method === 'POST' && target === request.path);
    if (is('links', request)) freshRedirects(request, response, () => true);
    next();
  };
}

/**
 * A page as this browser needs it.
 *
 * w3m and Links show a button as mere words, told from a link by its colour alone: they get brackets around them.
 *
 * Links shows again what it once loaded from an address, whatever Cache-Control says ("aggressive cache", on by default):
 * a list would never show what was added to it. So every link carries a word of its own.
 */
export function pageFor(request: Request, html: string): string {
  if (is('w3m', request)) return bracketedButtons(html);
  if (is('links', request)) return freshLinks(bracketedButtons(html), wordOf(request));
  return html;
}

function is(browser: TextBrowser, request: Request): boolean {
  return BROWSERS[browser].test(request.get('user-agent') ?? '');
}

/**
 * Lynx takes an attribute that it does not know for another cookie, asks people whether they allow "SameSite=Lax", and
 * asks again on other pages. It lacks the protection either way; the forms' tokens are what protects (ASVS 3.5.1).
 */
function cookiesWithoutSameSite(response: Response): void {
  const set = response.setHeader.bind(response);
  response.setHeader = (name, value) => {
    const isCookie = name.toLowerCase() === 'set-cookie';
    return set(name, isCookie ? [value].flat().map(withoutSameSite) : value);
  };
}

function withoutSameSite(cookie: string | number): string {
  return String(cookie).replace(/; SameSite=\w+/i, '');
}

/** Leads to an address that the browser has not met yet. */
function freshRedirects(request: Request, response: Response, concerns: (target: string) => boolean): void {
  const location = response.location.bind(response);
  response.location = (target) => {
    const isFresh = target.startsWith('/') && concerns(target);
    return location(isFresh ? withWord(target, wordOf(request), '&') : target);
  };
}

function wordOf({ requestId }: Request): string {
  return requestId.slice(0, 8);
}

function bracketedButtons(html: string): string {
  return html.replace(/(<button\b[^>]*>)(.*?)(<\/button>)/gs, '$1[$2]$3');
}

/** Links to a part of the same page, to files and to elsewhere stay as they are. */
function freshLinks(html: string, word: string): string {
  return html
    .replace(
      /(<a\b[^>]*? href=")(\/[^"]*)/g,
      (_link, before, target) => `${before}${withWord(target, word, '&amp;')}`,
    )
    .replace(
      /<form method="get"[^>]*>/g,
      (form) => `${form}<input type="hidden" name="${PARAMETER}" value="${word}">`,
    );
}

function withWord(target: string, word: string, and: '&' | '&amp;'): string {
  const [address = '', ...fragment] = target.split('#');
  const [path = '', query = ''] = address.split('?');
  const others = query.split(and).filter((pair) => pair !== '' && !pair.startsWith(`${PARAMETER}=`));
  return [`${path}?${[...others, `${PARAMETER}=${word}`].join(and)}`, ...fragment].join('#');
}
