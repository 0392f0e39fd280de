import type { Kind } from './text-browser.ts';

const LAST_ROWS = 3;

/** Lynx, which asks about each cookie. */
export const LYNX: Kind = {
  name: 'Lynx',
  program: 'lynx',
  // By default it pauses for a second at every message; the messages are the same without the pause.
  command: (address) => `lynx -nopause '${address}'`,
  rowsAbove: 1,
  cursorBefore: 1,
  pageRows: (rows) => rows.slice(1, -LAST_ROWS),
  isReading: ({ rows }) =>
    /^(Commands:|\([A-Z].*\) |-- press space|Enter text)/.test(rows.at(-LAST_ROWS) ?? ''),
  // It shortens long names. It must not ask about cookies that it has made from attributes.
  questions: [{ asked: /cookie: po[a-z]*=.* Allow\? \(Y\/N\/Always\/neVer\)$/m, answer: 'y' }],
  keys: { next: '\t', top: '\u0001', press: '\r' },
  open: (address) => ['g', `\u0015${address}\r`],
  isAtField: ({ rows }) => /^(Enter text|\(.*[Ee]nter)/.test(rows.at(-LAST_ROWS) ?? ''),
  async type(terminal, text) {
    terminal.press(`\u0015${text}`);
    await terminal.until('what was typed', (screen) => LYNX.isAtField?.(screen) || undefined);
  },
};
