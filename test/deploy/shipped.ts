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
  let text = readFileSync(join(ROOT, 'deploy', file), 'utf8');
  for (const [from, to] of Object.entries(replacements)) {
    assert.ok(text.includes(from), `deploy/${file} has "${from}"`);
    text = text.replaceAll(from, to);
  }
  return text;
}
