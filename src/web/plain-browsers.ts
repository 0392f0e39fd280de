import type { Request, RequestHandler } from 'express';

/**
 * Workarounds for Lynx, w3m and Links where they do not follow the standards. Each applies to its browser only, by the
 * User-Agent, so that other browsers get plain pages. docs/browsers.md has the observations.
 */
const BROWSERS = {
  lynx: /^Lynx\//,
  w3m: /^w3m\//,
  links: /^Links \(/,
} as const;

type TextBrowser = keyof typeof BROWSERS;

const PARAMETER = 'fresh';

/** Workarounds in headers; the others are in `sameSiteFor`, `targetFor` and `pageFor`. */
export function plainBrowserSupport(): RequestHandler {
  return (request, response, next) => {
    // Lynx ignores `no-store`, and shows cached pages without `no-cache`.
    if (is('lynx', request)) response.set('Cache-Control', 'no-store, no-cache');
    next();
  };
}

/**
 * The SameSite attribute of a cookie for this browser; false: none. Lynx reads an unknown attribute as another cookie, asks people
 * whether they allow "SameSite=Lax", and asks again on other pages. It does not implement SameSite anyway; the forms' tokens
 * protect it (ASVS 3.5.1).
 */
export function sameSiteFor(request: Request): 'lax' | false {
  return is('lynx', request) ? false : 'lax';
}

/**
 * The target of a redirect for this browser: with a parameter, if the browser would show a cached page of that address.
 *
 * After a redirect from a form to its own address, Lynx shows the cached form, whatever the headers say; w3m reports an endless
 * loop if that address redirects to another page. Links: see `pageFor`.
 */
export function targetFor(request: Request, target: string): string {
  const isOwnForm = request.method === 'POST' && target === request.path;
  const isCached = is('links', request) || (isOwnForm && (is('lynx', request) || is('w3m', request)));
  return isCached && target.startsWith('/') ? withWord(target, wordOf(request), '&') : target;
}

/**
 * The page with the workarounds for this browser.
 *
 * w3m and Links show buttons as text that differs from links only in colour: the text gets brackets.
 *
 * Links shows its cached page of an address, whatever Cache-Control says ("aggressive cache", on by default): a list would never
 * show what was added. So every link gets a parameter that is different on each page.
 */
export function pageFor(request: Request, html: string): string {
  if (is('w3m', request)) return bracketedButtons(html);
  if (is('links', request)) return freshLinks(bracketedButtons(html), wordOf(request));
  return html;
}

function is(browser: TextBrowser, request: Request): boolean {
  return BROWSERS[browser].test(request.get('user-agent') ?? '');
}

function wordOf({ requestId }: Request): string {
  return requestId.slice(0, 8);
}

function bracketedButtons(html: string): string {
  return html.replace(/(<button\b[^>]*>)(.*?)(<\/button>)/gs, '$1[$2]$3');
}

/** Adds the word to links and search forms. Links within the page and to other sites stay unchanged. */
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
