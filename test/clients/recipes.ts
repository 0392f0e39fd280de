import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from '../deploy/shipped.ts';

/** The block of this language on a page of docs/apps: what is documented is what is tried. */
export function documented(page: string, language: string): string {
  const text = readFileSync(join(ROOT, 'docs/apps', page), 'utf8');
  const [, block, ...further] = text.split(`\`\`\`${language}\n`).map((part) => part.split('```')[0] ?? '');
  assert.ok(block !== undefined && further.length === 0, `docs/apps/${page} has one block of ${language}`);
  return block;
}
