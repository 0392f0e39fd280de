import type { OpenIdPages } from '../../oidc/routes.ts';
import { BadRequest } from '../../web/http-errors.ts';

/** What the OpenID Connect provider leaves to pages. */
export function openIdPages(): OpenIdPages {
  return {
    async showError(_exchange, { error, description }) {
      throw new BadRequest(`${error}: ${description}`);
    },
    async showLost() {
      throw new BadRequest('The request of the app is unknown.');
    },
    async showFormPost() {
      throw new BadRequest('The answer to the app cannot be sent as a form.');
    },
  };
}
