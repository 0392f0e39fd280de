import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** The public name in all shipped files. */
export const SHIPPED_NAME = 'account.example.org';

export const ROOT = join(import.meta.dirname, '../..');

/**
 * The text of a file in `deploy`, with every occurrence of some texts replaced, as an operator replaces them. A text
 * that is not there is an error: else a test could go on with a file other than the one it believes to change.
 */
export function shipped(file: string, replacements: Readonly<Record<string, string>> = {}): string {
  let text = readFileSync(join(ROOT, 'deploy', file), 'utf8');
  for (const [from, to] of Object.entries(replacements)) {
    assert.ok(text.includes(from), `deploy/${file} has "${from}"`);
    text = text.replaceAll(from, to);
  }
  return text;
}
