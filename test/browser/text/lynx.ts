import type { Kind } from './text-browser.ts';

const LAST_ROWS = 3;

/** Lynx, which asks about each cookie. */
export const LYNX: Kind = {
  name: 'Lynx',
  program: 'lynx',
  // It stands still for a second at every message; the messages are the same without.
  command: (address) => `lynx -nopause '${address}'`,
  rowsAbove: 1,
  cursorBefore: 1,
  pageRows: (rows) => rows.slice(1, -LAST_ROWS),
  isReading: ({ rows }) =>
    /^(Commands:|\([A-Z].*\) |-- press space|Enter text)/.test(rows.at(-LAST_ROWS) ?? ''),
  // It shortens long names. Cookies that are none, as it takes attributes for, are not to be asked about.
  questions: [{ asked: /cookie: po[a-z]*=.* Allow\? \(Y\/N\/Always\/neVer\)$/m, answer: 'y' }],
  keys: { next: '\t', top: '\u0001', press: '\r' },
  open: (address) => ['g', `\u0015${address}\r`],
  isAtField: ({ rows }) => /^(Enter text|\(.*[Ee]nter)/.test(rows.at(-LAST_ROWS) ?? ''),
  async type(terminal, text) {
    terminal.press(`\u0015${text}`);
    await terminal.until('what was typed', (screen) => LYNX.isAtField?.(screen) || undefined);
  },
};
