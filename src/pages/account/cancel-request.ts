import { z } from 'zod';
import type { Cancellation } from '../../administration/reset-requests.ts';
import { addFormPage } from '../../web/form-page.ts';
import type { AddPage } from '../../web/routes.ts';
import type { PageServices } from '../page-services.ts';
import {
  behindLink,
  formPathWithToken,
  LINK_TITLES,
  linkToken,
  linkUsed,
  showDeadLink,
} from './link-pages.ts';

type CancelRequestServices = Pick<PageServices, 'guards' | 'renderer' | 'resetRequests'>;

const PATH = '/cancel-request';
const PURPOSE = 'cancel request';

/** Cancels a reset request by the mailed link: for everyone with the link, signed in or not. */
export function cancelRequestPage(addPage: AddPage, services: CancelRequestServices): void {
  const { guards, resetRequests } = services;
  const load = behindLink(services, PURPOSE, (token) => resetRequests.cancellation(token));
  addFormPage(addPage, services, {
    path: PATH,
    formPath: formPathWithToken(PATH),
    guard: guards.anyone,
    schema: z.object({}),
    load,
    view: ({ who, request, subject }) => ({
      view: 'account/cancel-request',
      title: who.context.words.t(LINK_TITLES[PURPOSE]),
      width: 'narrow',
      model: { token: linkToken(request), resetRequest: requestView(subject) },
    }),
    async submit(_values, exchange) {
      const { who, request, subject } = exchange;
      const isDone = await resetRequests.cancel(subject, who.context.origin);
      if (!isDone) return showDeadLink(services, PURPOSE, exchange);
      return linkUsed(services, 'cancel-request.done', request);
    },
  });
}

/** Enough for the owner to tell their own request from a stranger's. */
function requestView({ request, account }: Cancellation) {
  const { kind, askedAt, browser, address } = request;
  // An administrator's address and browser are not shown to others.
  const from = kind === 'person' ? { browser, address } : undefined;
  return { by: kind, email: account.email, at: askedAt, from };
}
