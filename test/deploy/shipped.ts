import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** The public name in all shipped files. */
export const SHIPPED_NAME = 'account.example.org';

export const ROOT = join(import.meta.dirname, '../..');

/**
 * The text of a file in `deploy`, with every occurrence of some texts replaced, as an operator replaces them. A missing text is
 * an error: otherwise a test could use another file than it seems to.
 */
export function shipped(file: string, replacements: Readonly<Record<string, string>> = {}): string {
  const text = readFileSync(join(ROOT, 'deploy', file), 'utf8');
  const names = Object.keys(replacements);
  if (names.length === 0) return text;
  for (const name of names) assert.ok(text.includes(name), `deploy/${file} has "${name}"`);
  // In one pass, because a replacement may contain what another one replaces: a port such as 30021.
  const pattern = new RegExp(names.map(RegExp.escape).join('|'), 'g');
  return text.replace(pattern, (name) => replacements[name] ?? name);
}
