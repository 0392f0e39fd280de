import type { Cancellation } from '../../accounts/reset-requests.ts';
import type { Handler } from '../../web/guards.ts';
import type { AddPage } from '../../web/routes.ts';
import type { Standing } from '../../web/standing.ts';
import type { PageServices } from '../page-services.ts';
import { formPathWithToken, leadToSignIn, showDeadLink, tokenIn } from './link-pages.ts';

const PATH = '/cancel-request';

/** Cancelling a reset request by the mailed link: whoever has the mailbox may, signed in or not. */
export function cancelRequestPages(addPage: AddPage, services: PageServices): void {
  const { guards, resetRequests, renderer } = services;

  const show: Handler<Standing> = async (who, request, response) => {
    const token = tokenIn(request.query['token']);
    const cancellation = await resetRequests.cancellation(token);
    if (!cancellation) return showDeadLink(services, who, 'cancel request', request, response);
    await renderer.show(request, response, {
      view: 'account/cancel-request',
      title: who.visit.words.t('cancel-request.title'),
      width: 'narrow',
      facts: { token, asked: askedView(cancellation) },
    });
  };

  const submit: Handler<Standing> = async (who, request, response) => {
    const cancellation = await resetRequests.cancellation(tokenIn(request.body?.token));
    if (!cancellation || !(await resetRequests.cancel(cancellation, who.visit.origin))) {
      return showDeadLink(services, who, 'cancel request', request, response);
    }
    await leadToSignIn(services, 'cancel-request.done', request, response);
  };

  addPage(PATH, {
    get: guards.anyone(show),
    post: guards.anyone(submit),
    formPath: formPathWithToken(PATH),
  });
}

/** Enough to know one's own request from a stranger's. */
function askedView({ request, account }: Cancellation) {
  const { kind, askedAt, browser, address } = request;
  // Where an administrator sits is nobody else's business.
  const from = kind === 'person' ? { browser, address } : undefined;
  return { by: kind, email: account.email, at: askedAt, from };
}
