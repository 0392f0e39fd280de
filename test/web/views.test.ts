import assert from 'node:assert/strict';
import { Views } from '../../src/web/views.ts';

describe('A view', () => {
  const form = { errors: [], values: {} };
  const t = (key: string, values = {}) => [key, ...Object.values(values)].join(' ');
  const errorsOf = () => [];
  const views = new Views({ t, form, errorsOf, csrfToken: 'a token' });

  it('has the variables of the page, and its own', () => {
    const html = views.render('/partials/field', { name: 'siteName', label: 'Name & <site>' });
    assert.match(html, /<label for="siteName">Name &amp; &lt;site&gt;<\/label>/);
    assert.match(views.render('/partials/form', { action: '/setup' }), /name="_csrf" value="a token"/);
  });

  it('passes nothing on to a part that it does not give to it', () => {
    const passwordRule = { least: 12, count: 256 };
    const html = views.render('/account/setup', { token: 'once', passwordRule, email: 'ann@example.org' });
    assert.match(html, /name="newPassword"/);
    assert.doesNotMatch(html, /ann@example\.org/);
  });

  it('finds no name on the prototype of objects, even if somebody has put it there', () => {
    Object.defineProperty(Object.prototype, 'hint', { value: 'Planted', configurable: true });
    try {
      assert.doesNotMatch(views.render('/partials/field', { name: 'a', label: 'A' }), /Planted/);
    } finally {
      Reflect.deleteProperty(Object.prototype, 'hint');
    }
  });

  it('without a variable that it needs throws an error with the place, and renders no page with a gap', () => {
    assert.throws(() => views.render('/partials/select', { name: 'a', label: 'A' }), /select\.ejs.*options/s);
  });
});
