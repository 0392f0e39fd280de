import { seconds } from '../../kernel/time.ts';
import type { SignedFormatRules } from './format.ts';
import { jsonWebToken } from './json-web-token.ts';
import { ownUrl } from './own-url.ts';

/**
 * Zendesk: a JWT with HS256, by a form, to `https://<subdomain>.zendesk.com/access/jwt`.
 *
 * - `iat` must be within three minutes of Zendesk's clock, and no `jti` is accepted twice. There is no `exp`.
 * - The token is sent in the body of a POST: Zendesk's documentation warns of tokens in URLs.
 * - `return_to`, `brand_id` and `locale_id` come with Zendesk's request and go back in the query of the form's address.
 * - No `tags` and no `organization`: they replace those that agents have set in Zendesk.
 *
 * Source: support.zendesk.com articles 4408845838874 and 4408881965722; zendesk/zendesk_jwt_sso_examples,
 * form_submission/rails_html_erb_jwt.rb.
 */
export const zendesk: SignedFormatRules = {
  parameters: ['return_to', 'brand_id', 'locale_id'],
  returns: 'return_to',
  sign({ app, person, query, secrets, now, tokenId }) {
    const { return_to: returnTo, brand_id: brand, locale_id: locale } = query;
    const destination = ownUrl(app.signed.destination, app.origin);
    if (!destination) return { kind: 'fault', fault: 'settings' };
    const page = returnTo === undefined ? undefined : ownUrl(returnTo, app.origin);
    if (returnTo !== undefined && !page) return { kind: 'fault', fault: 'elsewhere' };
    if (page) destination.searchParams.set('return_to', page.href);
    if (isNumber(brand)) destination.searchParams.set('brand_id', brand);
    if (isNumber(locale)) destination.searchParams.set('locale_id', locale);
    const claims = {
      ...{ iat: Math.floor(now / seconds(1)), jti: tokenId },
      ...{ name: person.name, email: person.email, external_id: person.id },
    };
    return {
      kind: 'form',
      url: destination.href,
      fields: { jwt: jsonWebToken('HS256', claims, secrets[0]) },
    };
  },
};

function isNumber(text: string | undefined): text is string {
  return text !== undefined && /^\d{1,20}$/.test(text);
}
