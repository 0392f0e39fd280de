import assert from 'node:assert/strict';
import { lineOfText, linesOfText, nameInLists, optionalLine } from '../../src/web/forms.ts';

/** A long text of many marks on one letter, which is in no normal form. */
const PILE = `a${'\u0301\u0323'.repeat(1000)}`;

const SCHEMAS = {
  'a name': lineOfText('error.name-missing', 40),
  'a name in lists': nameInLists('error.name-missing', 40),
  'a line that may be empty': optionalLine(40),
  'a text of several lines': linesOfText('error.name-missing', 40),
} as const;

describe('a text that people see', () => {
  for (const [what, schema] of Object.entries(SCHEMAS)) {
    for (const [name, typed, taken] of [
      ['direction marks', 'שם\u200f \u200eAnn\u061c', 'שם Ann'],
      ['zero-width spaces and word joiners', 'A\u200bn\u2060n\ufeff', 'Ann'],
      ['soft hyphens', 'An\u00adn', 'Ann'],
      ['Hangul fillers', '\u3164Ann\u115f\u1160\uffa0', 'Ann'],
      ['variation selectors after letters', 'A\ufe0fn\u{e0101}n', 'Ann'],
      ['tags', 'Ann\u{e0041}\u{e006e}\u{e007f}', 'Ann'],
      ['joiners between Latin letters', 'A\u200dn\u200cn', 'Ann'],
      ['annotations', 'A\ufff9n\ufffan\ufffb', 'Ann'],
    ] as const) {
      it(`is accepted as ${what} without its ${name}`, () => assert.equal(schema.parse(typed), taken));
    }

    for (const [name, typed] of [
      ['emoji that are joined', '👩🏽‍💻 👩‍👩‍👧 🏳️‍🌈 ❤️'],
      ['a flag that tags spell', '🏴󠁧󠁢󠁥󠁮󠁧󠁿'],
      ['a key cap', '1️⃣'],
      ['Persian with a non-joiner', 'می‌خواهم'],
      ['Malayalam with a joiner at the end', 'മോഹന്‍'],
      ['a variant of a Han character', '葛\u{e0100}城'],
      ['an Arabic number sign', '\u0600١٢'],
      ['Vietnamese', 'Nguyễn Thị Hằng'],
    ] as const) {
      it(`keeps ${name} in ${what}`, () => assert.equal(schema.parse(typed), typed));
    }

    for (const bad of ['a\u202eb', 'a\u2066b', 'a\u0000b', 'a\u2028b']) {
      it(`may not have ${JSON.stringify(bad.charAt(1))} in ${what}`, () =>
        assert.match(faultOf(schema, bad), /control-characters|invisible-characters/));
    }

    it(`may not have long sequences of marks in ${what}`, () => {
      const pile = `a${'\u0301\u0323'.repeat(16)}`;
      assert.equal(faultOf(schema, pile), 'error.piled-marks');
      assert.equal(schema.parse(`a${'\u0301'.repeat(30)}`).length, 30);
    });

    it(`is measured in ${what} after composition, and roughly before`, () => {
      assert.equal(schema.parse('e\u0301'.repeat(40)), 'é'.repeat(40));
      assert.equal(schema.parse('\u03b1\u0313\u0300\u0345'.repeat(40)), '\u1f82'.repeat(40));
      assert.equal(faultOf(schema, 'e\u0301'.repeat(41)), 'error.too-long');
      assert.equal(faultOf(schema, PILE), 'error.too-long');
      assert.equal(faultOf(schema, '\u200b'.repeat(161)), 'error.too-long');
    });

    it(`names in ${what} its own maximum length, not the length up to which it is checked`, () => {
      for (const long of ['x'.repeat(41), PILE]) {
        const issue = schema.safeParse(long).error?.issues[0];
        assert.equal(issue && 'maximum' in issue && issue.maximum, 40);
      }
    });
  }

  for (const [name, blank] of [
    ['nothing', ''],
    ['white space of all kinds', ' \u00a0\u1680\u2000\u3000'],
    ['zero-width spaces', '\u200b\u200b'],
    ['empty Braille cells', '\u2800\u2800'],
    ['Hangul fillers', '\u3164\u115f\u1160\uffa0'],
    ['variation selectors', '\ufe0f\ufe0e'],
    ['tags', '\u{e0061}\u{e007f}'],
    ['marks of direction', '\u200e\u200f\u061c'],
    ['joiners', '\u200d\u200c'],
    ['a note without a head', '\u{1d159}'],
    ['blank hieroglyphs', '\u{13441}'],
    ['private characters', '\ue000'],
  ] as const) {
    it(`is missing if it is ${name}`, () => {
      for (const what of ['a name', 'a name in lists', 'a text of several lines'] as const) {
        assert.equal(faultOf(SCHEMAS[what], blank), 'error.name-missing');
      }
    });
  }

  it('keeps its line breaks if it may have several lines', () => {
    assert.equal(SCHEMAS['a text of several lines'].parse(' a\r\n\u200bb\tc\rd '), 'a\nb\tc\nd');
  });
});

function faultOf(schema: (typeof SCHEMAS)[keyof typeof SCHEMAS], typed: string): string {
  return schema.safeParse(typed).error?.issues[0]?.message ?? 'none';
}
