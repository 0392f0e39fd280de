import { InvalidValue } from './invalid-value.ts';

/**
 * Refuses a URL whose user name or password contains an unencoded reserved character. Some such URLs are well formed and name
 * another host ("postgres://user:12/3@db" has the host "user"); a lone "%" makes drivers throw.
 *
 * @throws InvalidValue that says how to encode the characters, without repeating them
 */
export function refuseUnencoded(url: string): void {
  const [, rest = ''] = /^[a-z][a-z\d+.-]*:\/\/(.*)$/is.exec(url) ?? [];
  const [, authority = '', path = '', query = ''] = /^([^/?#]*)([^?#]*)(\?[^#]*)?/s.exec(rest) ?? [];
  // None of these URLs has a fragment.
  const isCut = rest.includes('#') || path.includes('@') || hasStrayAt(query) || isHalf(authority, query);
  if (isCut || !isDecodable(`${authority}${path}`)) throw new InvalidValue(HOW_TO_WRITE);
}

/** The hint for a URL with a password that cannot be parsed. */
export const HOW_TO_WRITE =
  '"%" in a name or a password to be written as %25, "#" as %23, "/" as %2F, "?" as %3F, "@" as %40, ":" as %3A';

/** Whether a password starts where the port should be, with its "@" in the query. */
function isHalf(authority: string, query: string): boolean {
  const hasPorts = authority.split(',').every((host) => /^(?:\[[^\]]*\]|[^:]*)(?::\d*)?$/.test(host));
  return !authority.includes('@') && query.includes('@') && !hasPorts;
}

/** An "@" outside of a parameter's value. */
function hasStrayAt(query: string): boolean {
  return query
    .slice(1)
    .split('&')
    .some((parameter) => /^[^=]*@/.test(parameter));
}

function isDecodable(text: string): boolean {
  try {
    decodeURIComponent(text);
    return true;
  } catch {
    return false;
  }
}
