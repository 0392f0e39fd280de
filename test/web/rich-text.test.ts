import assert from 'node:assert/strict';
import { loadWords } from '../../src/kernel/i18n.ts';
import { richText } from '../../src/web/rich-text.ts';

describe('A text with elements', () => {
  const english = loadWords().for('en');
  const link = { element: 'a', href: '/admin/requests/1?a=1&b="2"' } as const;

  it('has each element where its language puts it, with attributes that cannot end early', () => {
    assert.equal(
      richText(english, 'person.request-open', {}, { link }),
      'A reset of the 2FA of this account has been requested. <a href="/admin/requests/1?a=1&amp;b=&#34;2&#34;">See the request</a>',
    );
  });

  it('hides text for screen readers from the screen by default', () => {
    assert.equal(
      richText(english, 'two-factor.edit', { name: 'Phone' }),
      'Edit<span class="visually-hidden"> Phone</span>',
    );
  });

  it('does not treat typed text as an element or an entity', () => {
    for (const name of ['<script>', '</hidden><b>', '&lt;hidden&gt;', '\u0001hidden>', '"><i x=']) {
      const html = richText(english, 'two-factor.edit', { name });
      assert.match(html, /^Edit<span class="visually-hidden"> [^<>]*<\/span>$/);
    }
    assert.match(richText(english, 'two-factor.edit', { name: 'a<b & c' }), / a&lt;b &amp; c</);
  });

  it('is an error if a tag has no definition', () => {
    assert.throws(() => richText(english, 'person.request-open'), /the tag <link>/);
  });
});
