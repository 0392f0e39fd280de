import type { Response } from 'express';
import { z } from 'zod';
import type { SignedIn } from '../../web/auth-state.ts';
import { addFormPage } from '../../web/form-page.ts';
import { redirectTo } from '../../web/redirects.ts';
import type { AddPage } from '../../web/routes.ts';
import type { PageServices } from '../page-services.ts';
import { consentPage, type Question } from './consent.ts';
import { showLost } from './lost.ts';
import { askForMissing } from './missing-proof.ts';
import { AUTHORIZE_APP, accessOf, visitorIn } from './way-to-app.ts';

type AuthorizeServices = Pick<
  PageServices,
  'admissions' | 'apps' | 'clock' | 'consents' | 'guards' | 'openId' | 'renderer' | 'site'
>;

/** Takes the answer of the person: to the question of consent, or that they go back to an app that they may not use. */
const ANSWER = `${AUTHORIZE_APP}/answer`;

/** A request under way, as the pages on the way name it. `app`: its client id, for the page that says that it is lost. */
interface Named {
  readonly uid: string;
  readonly app: string;
}

const text = z.string().max(100).catch('');
const named = z.object({ uid: text, app: text }).catch({ uid: '', app: '' });

/**
 * /apps/authorize?uid=…&app=…: what an OpenID Connect app asks for and was not proven yet is asked for, then the consent, if the app
 * needs one. Then the provider judges the request again, and answers the app.
 */
export function authorizePages(addPage: AddPage, services: AuthorizeServices): void {
  const { guards, renderer, openId, admissions } = services;

  addPage(AUTHORIZE_APP, {
    get: guards.signedIn(async (exchange) => {
      const { who, request, response } = exchange;
      const asked = named.parse(request.query);
      const way = await wayOf(services, who, asked);
      if (!way) return showLost(services, exchange, asked.app);
      if (way.isUnmet) return goOn(response, asked, await openId.abort(asked.uid, 'unmet'));
      const access = await admissions.decide(way, visitorIn(services, who), who.actor.origin);
      if (access.kind !== 'allowed') {
        return askForMissing(services, exchange, access, way, addressOf(asked), formOf(asked));
      }
      if (way.needsConsent) return renderer.show(request, response, consentPage(who, way, formOf(asked)));
      await goOn(response, asked, await openId.finish(asked.uid, { isConsentAnswered: false }));
    }),
  });

  addFormPage(addPage, services, {
    path: ANSWER,
    formPath: ({ body }) => addressOf(named.parse(body)),
    postOnly: true,
    guard: guards.signedIn,
    schema: z.object({ answer: z.enum(['yes', 'no']).optional().catch(undefined) }),
    async load({ who, request, response }) {
      const asked = named.parse(request.body);
      const way = await wayOf(services, who, asked);
      if (way) return { asked, way };
      await redirectTo(response, addressOf(asked));
      return undefined;
    },
    view: ({ who, subject: { asked, way } }) => consentPage(who, way, formOf(asked)),
    async submit({ answer }, { who, response, subject: { asked, way } }) {
      // No browser sends the form without one of its two buttons: the question is asked again.
      if (!answer) return { goTo: addressOf(asked) };
      const next = answer === 'yes' ? accept(services, who, asked, way) : refuse(services, who, asked, way);
      await goOn(response, asked, await next);
      return undefined;
    },
  });
}

/** The request under way, for this person; undefined: it is lost. */
async function wayOf({ openId }: Pick<AuthorizeServices, 'openId'>, who: SignedIn, { uid }: Named) {
  const pending = await openId.pending(uid, who);
  return pending === 'lost' ? undefined : { ...pending, formOrigin: pending.redirectOrigin };
}

/** The person goes on. What they may no longer do is said by the page itself. Returns where to go. */
async function accept(
  services: Pick<AuthorizeServices, 'clock' | 'consents' | 'openId'>,
  who: SignedIn,
  asked: Named,
  way: Question & { readonly needsConsent: boolean },
): Promise<string | 'lost'> {
  if (accessOf(services, way, who).kind !== 'allowed') return addressOf(asked);
  const { consents, openId } = services;
  // Another tab may have given it meanwhile.
  if (way.needsConsent) await consents.give(who.account, way.app, way.scopes, who.actor);
  return openId.finish(asked.uid, { isConsentAnswered: way.needsConsent });
}

/** The person does not go on, or cannot: the app is told which. Returns where to go. */
async function refuse(
  services: Pick<AuthorizeServices, 'clock' | 'openId'>,
  who: SignedIn,
  { uid }: Named,
  way: Question,
): Promise<string | 'lost'> {
  const isOutOfReach = accessOf(services, way, who).kind === 'impossible';
  return services.openId.abort(uid, isOutOfReach ? 'unmet' : 'denied');
}

/** Goes on to the provider, or to the page that says that the request is lost. */
async function goOn(response: Response, asked: Named, next: string | 'lost'): Promise<void> {
  if (next === 'lost') return redirectTo(response, addressOf(asked));
  const isOwn = next.startsWith(AUTHORIZE_APP);
  await redirectTo(response, isOwn ? next : `${next}?${new URLSearchParams({ app: asked.app })}`);
}

function addressOf({ uid, app }: Named): string {
  return `${AUTHORIZE_APP}?${new URLSearchParams({ uid, app })}`;
}

function formOf(asked: Named) {
  return { action: ANSWER, hidden: { ...asked } };
}
