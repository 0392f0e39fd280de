import assert from 'node:assert/strict';
import { emailKey } from '../../src/kernel/email-address.ts';
import { groupNameKey } from '../../src/policy/group.ts';
import { searchKey } from '../../src/storage/sql/rows.ts';
import { nameKey } from '../../src/two-factor/authenticator.ts';
import { folded } from '../../src/two-factor/recovery-codes.ts';
import { lineOfText, linesOfText, nameInLists, optionalLine, sixDigits } from '../../src/web/forms.ts';
import { median } from '../support/timing.ts';

/** Alternating marks of nine classes: normalising them takes quadratic time. */
const MARKS = '\u0345\u035c\u0315\u0301\u059a\u0323\u0327\u05b0\u0334';
const SIZE = 32_000;
const HOSTILE = `a${MARKS.repeat(SIZE / MARKS.length)}`;
const HARMLESS = 'a '.repeat(SIZE / 2);
/** Remaining time for a text of the maximum length that is still checked. */
const SHORT = 1000;

/** Every kind of text that a form, a search, a file or the command line accepts. */
const FIELDS = {
  'a line': lineOfText('error.name-missing', SHORT),
  'a name in lists': nameInLists('error.name-missing', SHORT),
  'a line that may be empty': optionalLine(SHORT),
  'a text of several lines': linesOfText('error.name-missing', SHORT),
  'a code': sixDigits(),
} as const;

describe('a hostile text', () => {
  for (const [what, schema] of Object.entries(FIELDS)) {
    for (const [how, text] of [
      ['that is too long', HOSTILE],
      ['of the length that is looked at', HOSTILE.slice(0, 4 * SHORT)],
    ] as const) {
      it(`${how} costs as ${what} about as much as a harmless one`, () => {
        const hostile = timeOf(() => assert.ok(!schema.safeParse(text).success));
        const harmless = timeOf(() => schema.safeParse(HARMLESS.slice(0, text.length)));
        // With normalisation, the long one takes thousands of times as long, the others hundreds of times.
        assert.ok(hostile < 20 * harmless + 1, `${hostile} ms, ${harmless} ms`);
      });
    }
  }
});

/** Code that compares texts without checking them first: the cells of a file, the words of a command, a password. */
const KEYS = {
  'an address': emailKey,
  'a group': groupNameKey,
  'an authenticator': nameKey,
  'a search': searchKey,
  'a recovery code': folded,
} as const;

describe('the key of a hostile text', () => {
  for (const [what, keyOf] of Object.entries(KEYS)) {
    it(`costs for ${what} about as much as that of a harmless one`, () => {
      // A key is derived for an address of this length, too.
      for (const text of [HOSTILE, HOSTILE.slice(0, 1000)]) {
        const hostile = timeOf(() => keyOf(text));
        const harmless = timeOf(() => keyOf(HARMLESS.slice(0, text.length)));
        assert.ok(hostile < 20 * harmless + 1, `${hostile} ms, ${harmless} ms`);
      }
    });
  }
});

/** The median of several runs, in milliseconds. */
function timeOf(run: () => void): number {
  const times = Array.from({ length: 9 }, () => {
    const start = performance.now();
    run();
    return performance.now() - start;
  });
  return median(times);
}
