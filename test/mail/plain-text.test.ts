import assert from 'node:assert/strict';
import { layOut, oneLine, unbroken } from '../../src/mail/plain-text.ts';

describe('Plain text', () => {
  it('is broken between words into lines of at most 72 columns', () => {
    const text = layOut('word '.repeat(50));
    const lines = text.trimEnd().split('\n');
    assert.ok(lines.every((line) => line.length <= 72));
    assert.equal(lines.join(' '), 'word '.repeat(50).trim());
    assert.equal(lines.length, Math.ceil(50 / 14));
  });

  it('keeps a word whole that is longer than a line', () => {
    const link = `https://example.org/${'x'.repeat(100)}`;
    assert.equal(layOut(`see ${link} now`), `see\n${link}\nnow\n`);
    assert.equal(layOut(link), `${link}\n`);
  });

  it('continues below the words of a numbered line', () => {
    const [first, second] = layOut(`1. ${'word '.repeat(20)}`).split('\n');
    assert.match(first ?? '', /^1\. word/);
    assert.match(second ?? '', /^ {3}word/);
  });

  it('has at most one blank line between paragraphs, and none at its ends', () => {
    assert.equal(layOut('\n\na  \n \n\n\nb\n\n'), 'a\n\nb\n');
  });

  it('breaks no line inside a value, which stays as it was', () => {
    const value = unbroken('two words');
    assert.equal(layOut(`${'x'.repeat(66)} ${value}`), `${'x'.repeat(66)}\ntwo words\n`);
  });

  it('is broken between words in scripts without spaces, and no line begins with the end of a sentence', () => {
    const sentence = 'このコードを入力してください。';
    const lines = layOut(sentence.repeat(12)).trimEnd().split('\n');
    assert.equal(lines.join(''), sentence.repeat(12));
    assert.ok(lines.length > 4);
    for (const line of lines) {
      assert.ok(line.length <= 36, line);
      assert.doesNotMatch(line, /^[。、」]/);
      assert.doesNotMatch(line, /入$/);
    }
  });

  it('breaks no line inside a value in such a script either', () => {
    const value = unbroken('山田 @evil.example #999999');
    const text = layOut(`${'コード'.repeat(11)}「${value}」です。`);
    assert.match(text, /^「山田 @evil\.example #999999」です。$/m);
  });

  it('removes line breaks, control characters and direction marks from values', () => {
    assert.equal(oneLine(' a\r\nb\tc\0d\u2028e\u202Ef\u2067g\u200F '), 'a b c d e f g');
    assert.equal(oneLine('مرحبًا \u{1F468}\u200D\u{1F469}'), 'مرحبًا \u{1F468}\u200D\u{1F469}');
  });
});
