import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Kind } from './text-browser.ts';

/** w3m, which asks for input in its last row. */
export const W3M: Kind = {
  name: 'w3m',
  program: 'w3m',
  command: (address) => `w3m '${address}'`,
  rowsAbove: 0,
  cursorBefore: 0,
  pageRows: (rows) => rows.slice(0, -1),
  isReading: ({ rows }) => /Viewing/.test(rows.at(-1) ?? ''),
  questions: [],
  keys: { next: '\t', top: 'g', press: '\r' },
  open: (address) => ['U', `\u0015${address}\r`],
  async type(terminal, text, home) {
    writeFileSync(join(home, 'typed'), text);
    terminal.press('\r');
    const asked = await terminal.until(
      'where to type',
      ({ rows }) => /^(TEXT|Password):/.exec(rows.at(-1) ?? '')?.[1],
    );
    terminal.press(`${asked === 'TEXT' ? '\u0005\u0015' : ''}${text}\r`);
    await terminal.until('the page again', ({ rows }) => /Viewing/.test(rows.at(-1) ?? '') || undefined);
  },
};
