import { NotFound } from '../../web/http-errors.ts';
import { redirectTo } from '../../web/redirects.ts';
import type { AddPage } from '../../web/routes.ts';
import type { PageServices } from '../page-services.ts';
import { askForMissing } from './missing-proof.ts';
import { AUTHORIZE_APP, visitorIn } from './way-to-app.ts';

/** GET /apps/authorize?uid=…: what an OpenID Connect app asks for and was not proven yet is asked for, and then the provider goes on. */
export function authorizePage(
  addPage: AddPage,
  services: Pick<PageServices, 'admissions' | 'clock' | 'guards' | 'openId' | 'renderer'>,
): void {
  addPage(AUTHORIZE_APP, {
    get: services.guards.signedIn(async ({ who, request, response }) => {
      const { openId, admissions } = services;
      const { uid } = request.query;
      if (typeof uid !== 'string') throw new NotFound();
      const pending = await openId.pending(uid, who);
      if (pending === 'lost') throw new NotFound();
      const way = { ...pending, formOrigin: pending.redirectOrigin };
      const access = await admissions.decide(way, visitorIn(services, who), who.actor.origin);
      if (!pending.isUnmet && access.kind !== 'allowed') {
        const address = `${AUTHORIZE_APP}?${new URLSearchParams({ uid })}`;
        return askForMissing(services, { who, request, response }, access, way, address);
      }
      const next = pending.isUnmet
        ? await openId.abort(uid, 'unmet')
        : await openId.finish(uid, { isConsentAnswered: false });
      if (next === 'lost') throw new NotFound();
      return redirectTo(response, next);
    }),
  });
}
