import assert from 'node:assert/strict';
import { languageTags, lookupTags, MOST_RANGES } from '../../src/kernel/accept-language.ts';

/** About the maximum size of headers in Node. */
const LONGEST = 15_000;

describe('An Accept-Language header', () => {
  it('is read up to a number of languages, however many it has', () => {
    const many = Array.from({ length: LONGEST / 3 }, () => 'aa');
    assert.equal(languageTags(many.join()).length, MOST_RANGES);
    assert.deepEqual(languageTags(`${'aa,'.repeat(MOST_RANGES - 1)}bb,cc`).slice(-2), ['aa', 'bb']);
  });

  it('is cut before it is parsed: everything after 15 KB of commas, spaces, semicolons or letters is ignored', () => {
    for (const filler of [',', ' ', ';', 'a', ', ', ';q=0.5,', 'a-', '_']) {
      const header = `${filler.repeat(LONGEST / filler.length)},de`;
      assert.ok(!languageTags(header).includes('de'), JSON.stringify(filler));
      assert.ok(languageTags(header).join().length <= 1000);
    }
  });

  it('has at most three subtags per tag to look up, however many hyphens it has', () => {
    assert.deepEqual(lookupTags(languageTags('a-'.repeat(LONGEST / 2))[0] ?? ''), ['a-a-a', 'a-a', 'a']);
  });

  it('keeps the order of equal weights, best first; refused tags and the wildcard are left out', () => {
    assert.deepEqual(languageTags('fr, DE_at;q=.9,*;q=0.5, en;q=0,ja;q=1.0,he;q=x,,;q=1'), [
      'fr',
      'ja',
      'de-at',
      'he',
    ]);
  });

  it('also knows Hebrew, Indonesian and Yiddish by their codes from before 1989', () => {
    assert.deepEqual(lookupTags('iw-il'), ['he-il', 'he']);
    assert.deepEqual(lookupTags('in'), ['id']);
    assert.deepEqual(lookupTags('ji'), ['yi']);
  });
});
