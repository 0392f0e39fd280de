import type { Kind } from './text-browser.ts';

/** Links, which shows its cached pages whatever a site says. */
export const LINKS2: Kind = {
  name: 'Links',
  program: 'links2',
  command: (address) => `links2 -no-connect '${address}'`,
  rowsAbove: 1,
  cursorBefore: 0,
  pageRows: (rows) => rows.slice(1, -1),
  isReading: ({ rows }) =>
    !rows.some((row) => /\+-{3,}/.test(row)) &&
    !/Request sent|Connecting|Received|Looking up|Waiting|SSL|Formatting/.test(rows.at(-1) ?? ''),
  greeting: { words: 'Welcome to links!', answer: '\r' },
  questions: [],
  keys: { next: '\u001b[B', top: '\u001b[1~', press: '\r' },
  open: (address) => ['g', `\u0015${address}\r`],
  isAtField: ({ rows }) => /^(Text|Password)/.test(rows.at(-1) ?? ''),
  async type(terminal, text) {
    terminal.press(`\u0015${text}`);
    await terminal.until('what was typed', (screen) => LINKS2.isAtField?.(screen) || undefined);
  },
};
