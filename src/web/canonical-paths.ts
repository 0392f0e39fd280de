/**
 * The canonical path of a page for a path with another case or a slash at its end: "/sign-in" for "/Sign-In/". Undefined if
 * there is no such page. Routing itself is strict, so that each page has one address.
 *
 * @param patterns route patterns of the pages ("/admin/people/:id"), in the order of the routes
 * @param path of the request, percent-encoded
 */
export function canonicalPath(patterns: readonly string[], path: string): string | undefined {
  const asked = path.replace(/\/+$/, '').split('/');
  for (const pattern of patterns) {
    const segments = pattern.split('/');
    if (segments.length !== asked.length) continue;
    const canonical = segments.map((segment, index) => canonicalSegment(segment, asked[index] ?? ''));
    if (canonical.every((segment) => segment !== undefined)) return canonical.join('/');
  }
  return undefined;
}

/** A parameter (":id") stays as requested; undefined if it is empty. */
function canonicalSegment(segment: string, asked: string): string | undefined {
  if (segment.startsWith(':')) return asked === '' ? undefined : asked;
  return segment.toLowerCase() === asked.toLowerCase() ? segment : undefined;
}
