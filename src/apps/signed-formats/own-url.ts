/** Control characters, which parsers drop at different places, and the backslash, which browsers read as "/". */
const AMBIGUOUS = /[\p{Cc}\p{Zl}\p{Zp}\\]/u;

/**
 * The URL if it is on this origin, without its fragment; undefined for any other, for a user name in it, and for text that browsers
 * and servers may read in different ways. Whoever goes on there takes a sign-in along (ASVS 3.7.2: open redirect).
 */
export function ownUrl(text: string, origin: string): URL | undefined {
  const url = AMBIGUOUS.test(text) ? null : URL.parse(text);
  if (url?.origin !== origin || url.username !== '' || url.password !== '') return undefined;
  url.hash = '';
  return url;
}

/** The path, with its query, of a page of the app; undefined if it leads to another origin. */
export function ownPath(text: string, origin: string): string | undefined {
  if (!text.startsWith('/') || AMBIGUOUS.test(text)) return undefined;
  const url = URL.parse(text, origin);
  // "/.//evil.example" stays on the origin and has the path "//evil.example".
  if (url?.origin !== origin || url.pathname.startsWith('//')) return undefined;
  return `${url.pathname}${url.search}`;
}
