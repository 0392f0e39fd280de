import assert from 'node:assert/strict';
import fc from 'fast-check';
import {
  emailFault,
  emailKey,
  emailKeys,
  emailParts,
  formerEmailKey,
  LONGEST_EMAIL,
  spelledEmail,
} from '../../src/kernel/email-address.ts';

/** Spellings of "Ann@Example.org", and what is stored of them. */
const SPELLINGS = [
  ['white space around it', '\u00a0 Ann@Example.org\u3000'],
  ['a zero-width space at its end', 'Ann@Example.org\u200b'],
  ['a byte order mark before it', '\ufeffAnn@Example.org'],
  ['direction marks and embeddings around it', '\u202a\u200eAnn@Example.org\u200f\u202c'],
  ['soft hyphens and word joiners around it', '\u00ad\u2060Ann@Example.org\u2060\u00ad'],
  ['fillers and variation selectors around it', '\u3164Ann@Example.org\ufe0f'],
  ['a dot at its end', 'Ann@Example.org.'],
  ['dots of all kinds and invisible characters at its end', 'Ann@Example.org.\u200b\u3002\uff61 .'],
  ['full-width signs', 'Ａｎｎ＠Ｅｘａｍｐｌｅ．ｏｒｇ'],
] as const;

describe('An address', () => {
  for (const [how, typed] of SPELLINGS) {
    it(`is the same with ${how}`, () => {
      assert.equal(spelledEmail(typed), 'Ann@Example.org');
      assert.equal(emailKey(typed), 'ann@example.org');
      assert.equal(emailFault(typed), undefined);
    });
  }

  for (const [how, domain, shown] of [
    ['full-width letters', 'ｂüｃｈｅｒ.example', 'bücher.example'],
    ['an ideographic full stop', 'bücher。example', 'bücher.example'],
    ['a half-width ideographic full stop', 'bücher｡example', 'bücher.example'],
    ['capitals', 'BÜCHER.Example', 'bücher.example'],
    ['decomposed letters', 'bu\u0308cher.example', 'bücher.example'],
    ['punycode', 'xn--bcher-kva.example', 'xn--bcher-kva.example'],
    ['punycode in capitals', 'XN--Bcher-KVA.example', 'XN--Bcher-KVA.example'],
  ] as const) {
    it(`has one domain in ${how}`, () => {
      assert.equal(emailKey(`ann@${domain}`), 'ann@bücher.example');
      assert.equal(spelledEmail(`ann@${domain}`), `ann@${shown}`);
      assert.equal(emailFault(`ann@${domain}`), undefined);
    });
  }

  it('keeps separate what may be two mailboxes: accents, ligatures, superscripts, other scripts, ß and ss', () => {
    const apart = ['rene', 'rené', 'ﬁn', 'fin', 'x²', 'x2', 'аnn', 'ann'].map((name) => `${name}@x.test`);
    const keys = [...apart, 'a@faß.example', 'a@fass.example'].map(emailKey);
    assert.equal(new Set(keys).size, keys.length);
  });

  for (const [what, typed, fault] of [
    ['a zero-width space in its name', 'an\u200bn@example.org', 'unseen'],
    ['a zero-width space in its domain', 'ann@exam\u200bple.org', 'unseen'],
    ['a soft hyphen beside the sign', 'ann\u00ad@example.org', 'unseen'],
    ['a mark of direction in its domain', 'ann@exam\u200eple.org', 'unseen'],
    ['a tag in its name', 'a\u{e0041}nn@example.org', 'unseen'],
    ['a joiner where its domain needs none', 'ann@exam\u200cple.org', 'form'],
    ['an invalid domain', 'ann@ü%2ex.org', 'form'],
    ['a semicolon that hides in a small form', 'ann@ü﹔x.org', 'form'],
    ['two signs', 'ann@x＠example.org', 'form'],
    ['a name that is longer in lower case', `${'\u0130'.repeat(200)}@example.org`, 'too long'],
    ['more than 254 characters', `${'a'.repeat(243)}@example.org`, 'too long'],
  ] as const) {
    it(`may not have ${what}`, () => assert.equal(emailFault(typed), fault));
  }

  for (const good of ['ann@نامه\u200cای.example', `${'a'.repeat(242)}@example.org`, 'ann@_x.example']) {
    it(`may be ${good.slice(-30)}`, () => assert.equal(emailFault(good), undefined));
  }

  it('is found by its exact spelling first, then by the key that all spellings share', () => {
    assert.deepEqual(emailKeys('Ann@Example.org'), ['ann@example.org']);
    assert.deepEqual(emailKeys('ann@x。test'), ['ann@x。test', 'ann@x.test']);
  });

  it('is found by a part of it, in any form of its domain', () => {
    for (const typed of ['BÜCHER', 'xn--bcher-kva', 'ｂüｃｈｅｒ']) {
      assert.ok(emailParts(typed).includes('bücher'), typed);
    }
    assert.deepEqual(emailParts('ANN@xn--bcher-kva.'), ['ann@bücher']);
    assert.deepEqual(emailParts('\u200bＡnn'), ['ann']);
  });

  it('has a key that stays the same however often, and from whichever spelling, it is derived', () => {
    const alphabet = 'aB@.。．｡@@İßΣσςüÜﬁＡ＠٣א\u0301\u0323\u200b\u200c\u00ad\ufe0f\u202a xn--\u00a0-_%;１';
    const texts = fc.string({ unit: fc.constantFrom(...alphabet), maxLength: 24 });
    fc.assert(
      fc.property(fc.oneof(texts, fc.string({ unit: 'binary' })), (typed) => {
        const key = emailKey(typed);
        assert.equal(emailKey(key), key);
        assert.equal(emailKey(formerEmailKey(typed)), key);
        assert.equal(emailKey(spelledEmail(typed)), key);
        if (emailFault(typed) === undefined) {
          assert.ok(key.length <= LONGEST_EMAIL);
          assert.equal(emailFault(spelledEmail(typed)), undefined);
          assert.equal(spelledEmail(spelledEmail(typed)), spelledEmail(typed));
        }
      }),
      { numRuns: 3000 },
    );
  });
});
