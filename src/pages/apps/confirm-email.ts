import type { Request } from 'express';
import { z } from 'zod';
import type { EmailConfirmation } from '../../accounts/email-confirmations.ts';
import { isNotSent } from '../../codes/mailed-codes.ts';
import type { SignedIn } from '../../web/auth-state.ts';
import { dropFlash, flash } from '../../web/flash.ts';
import { addFormPage } from '../../web/form-page.ts';
import { sixDigits } from '../../web/forms.ts';
import type { Exchange } from '../../web/guards.ts';
import { returnPathOf, withReturn } from '../../web/paths.ts';
import { redirectTo } from '../../web/redirects.ts';
import type { Page } from '../../web/rendering.ts';
import type { AddPage } from '../../web/routes.ts';
import { browserOf } from '../../web/session.ts';
import type { PageServices } from '../page-services.ts';
import { codeFault, SENDING_NOTICES, sendFault, throttleFault } from '../two-factor/faults.ts';
import { appOnTheWay } from './way-to-app.ts';

type ConfirmationServices = Pick<
  PageServices,
  'apps' | 'clock' | 'emailConfirmations' | 'guards' | 'openId' | 'renderer'
>;

export const CONFIRM_EMAIL = '/apps/confirm-email';

const hidden = (request: Request) => ({ returnTo: returnPathOf(request) });

/** An app asks for a confirmed address: a code is mailed to it, and typed here. */
export function confirmEmailPages(addPage: AddPage, services: ConfirmationServices): void {
  const { emailConfirmations, guards, clock } = services;

  /** People whose address is confirmed go on. */
  async function load({
    who,
    request,
    response,
  }: Exchange<SignedIn>): Promise<EmailConfirmation | undefined> {
    const { account } = who;
    if (account.emailConfirmedAt === null) return { account, browser: browserOf(request) };
    await redirectTo(response, returnPathOf(request));
    return undefined;
  }

  async function page(
    { context: { words }, account }: SignedIn,
    request: Request,
    confirmation: EmailConfirmation,
  ): Promise<Page> {
    const now = clock();
    const { sentAt, nextAt, waitUntil } = await emailConfirmations.sending(confirmation);
    const way = await appOnTheWay(services, returnPathOf(request));
    return {
      view: 'apps/confirm-email',
      title: words.t('apps.confirm-title'),
      width: 'narrow',
      ...(way && { formOrigin: way.formOrigin }),
      model: {
        address: account.email,
        app: way?.app.name,
        sentAt,
        nextSendIn: nextAt && nextAt - now,
        waitFor: waitUntil && waitUntil - now,
      },
    };
  }

  addFormPage(addPage, services, {
    path: CONFIRM_EMAIL,
    formPath: addressOf,
    guard: guards.signedIn,
    schema: z.object({ code: sixDigits() }),
    hidden,
    load,
    view: ({ who, request, subject }) => page(who, request, subject),
    async submit({ code }, { who, request, response, subject }) {
      const outcome = await emailConfirmations.confirm(subject, code, who.actor);
      if (outcome.kind === 'wait') return { errors: [throttleFault(outcome.until, clock())] };
      if (outcome.kind === 'fault') return { errors: [codeFault(outcome.fault)] };
      dropFlash(request);
      await redirectTo(response, returnPathOf(request));
      return undefined;
    },
  });

  addFormPage(addPage, services, {
    path: `${CONFIRM_EMAIL}/send`,
    formPath: addressOf,
    postOnly: true,
    guard: guards.signedIn,
    schema: z.object({}),
    hidden,
    load,
    view: ({ who, request, subject }) => page(who, request, subject),
    async submit(_values, { who, request, response, subject }) {
      const outcome = await emailConfirmations.sendCode(subject, who.actor);
      if (isNotSent(outcome)) return { errors: [sendFault(outcome, 'code', 'set-up', clock())] };
      flash(request, { path: CONFIRM_EMAIL, ...SENDING_NOTICES[outcome.kind] });
      await redirectTo(response, addressOf(request));
      return undefined;
    },
  });
}

function addressOf(request: Request): string {
  return withReturn(CONFIRM_EMAIL, returnPathOf(request));
}
