import type { Request } from 'express';
import { z } from 'zod';
import type { Account } from '../../accounts/account.ts';
import type { Actor } from '../../audit/audit.ts';
import { isNotSent } from '../../codes/mailed-codes.ts';
import type { Purpose } from '../../mail/message.ts';
import type { Authenticator } from '../../two-factor/authenticator.ts';
import type { PendingSignIn, SignedIn } from '../../web/auth-state.ts';
import { flash } from '../../web/flash.ts';
import {
  addFormPage,
  type FormDeclaration,
  type FormExchange,
  type FormOutcome,
  formOf,
} from '../../web/form-page.ts';
import { NotFound } from '../../web/http-errors.ts';
import { redirectTo } from '../../web/redirects.ts';
import type { Page } from '../../web/rendering.ts';
import type { AddPage } from '../../web/routes.ts';
import { browserOf, updateState } from '../../web/session.ts';
import { formsToApp } from '../apps/way-to-app.ts';
import type { PageServices } from '../page-services.ts';
import type { CodeMount } from './code-mount.ts';
import { askedAuthenticator, type CodeViewServices, codePage, proofContext } from './code-view.ts';
import { notSentKey, responseField, SENDING_NOTICES, sendFault } from './faults.ts';

type SendingServices = CodeViewServices & Pick<PageServices, 'renderer'>;

/** POST …/send: sends a new code; a GET never does. */
export function addCodeSending<Who extends PendingSignIn | SignedIn>(
  addPage: AddPage,
  services: SendingServices,
  mount: CodeMount<Who>,
): void {
  addFormPage(addPage, services, {
    ...sendForm(services, mount),
    submit: (_values, exchange) => sendCode(services, mount, exchange),
  });
}

/** …/other: the choice of another authenticator. It is asked for from then on, and sent a code if its method needs one. */
export function addOtherAuthenticators<Who extends PendingSignIn | SignedIn>(
  addPage: AddPage,
  services: SendingServices,
  mount: CodeMount<Who>,
): void {
  const { methods } = services;
  const sending = formOf(services, sendForm(services, mount));
  addFormPage(addPage, services, {
    path: `${mount.path}/other`,
    guard: mount.guard,
    schema: z.object({ authenticator: z.string().catch('') }),
    keeps: [],
    view: ({ who }) => otherPage(services, mount, who),
    async submit({ authenticator: id }, exchange) {
      const { who, request, response } = exchange;
      const authenticator = mount.asked(who).find((one) => one.id === id);
      if (!authenticator) throw new NotFound();
      await updateState(request, mount.choose(who, authenticator.id));
      const { delivery } = methods[authenticator.method].verifier;
      const sentAt = await delivery?.lastSent(authenticator, proofContext(who, mount, request));
      if (!delivery || sentAt !== undefined) await redirectTo(response, mount.path);
      else {
        const chosen = { ...exchange, subject: authenticator };
        await sending.answer(chosen, {}, await sendCode(services, mount, chosen));
      }
      return undefined;
    },
  });
}

/** The button on the code page. If no code is sent, that page is shown with the reason. */
function sendForm<Who extends PendingSignIn | SignedIn>(
  services: CodeViewServices,
  mount: CodeMount<Who>,
): FormDeclaration<Who, Record<never, never>, Authenticator> {
  return {
    path: `${mount.path}/send`,
    formPath: () => mount.path,
    postOnly: true,
    guard: mount.guard,
    load: async ({ who }) => askedAuthenticator(who, mount),
    schema: z.object({}),
    keeps: [],
    view: (exchange, errors) => codePage(services, mount, exchange, exchange.subject, errors),
  };
}

async function sendCode<Who extends PendingSignIn | SignedIn>(
  { methods, clock }: CodeViewServices,
  mount: CodeMount<Who>,
  { who, request, subject: authenticator }: FormExchange<Who, Authenticator>,
): Promise<FormOutcome> {
  const { delivery, fields } = methods[authenticator.method].verifier;
  const outcome = await delivery?.send(authenticator, proofContext(who, mount, request));
  if (outcome && isNotSent(outcome)) {
    return { errors: [sendFault(outcome, responseField(fields), 'proof', clock())] };
  }
  return { goTo: mount.path, keepsForm: true, ...(outcome && { flash: SENDING_NOTICES[outcome.kind] }) };
}

async function otherPage<Who extends PendingSignIn | SignedIn>(
  services: CodeViewServices,
  mount: CodeMount<Who>,
  who: Who,
): Promise<Page> {
  const { words } = who.context;
  return {
    view: 'two-factor/other',
    title: words.t('code.other-title'),
    caption: words.t(mount.caption),
    width: 'narrow',
    back: { href: mount.path, text: words.t('page.back') },
    help: 'sign-in',
    ...(await formsToApp(services, mount.returnTo(who))),
    model: {
      path: mount.path,
      offered: mount.asked(who).map((authenticator) => ({
        id: authenticator.id,
        name: authenticator.name,
        method: authenticator.method,
        description: services.methods[authenticator.method].describe(authenticator, who.account),
      })),
    },
  };
}

/**
 * Sends the first code after the right password; later ones need the button. Leaves a notice for the code page unless the
 * code was sent, or the last one was sent a moment ago.
 */
export async function sendFirstCode(
  { methods }: Pick<PageServices, 'methods'>,
  request: Request,
  { path, purpose }: { readonly path: string; readonly purpose: Purpose },
  account: Account,
  authenticator: Authenticator,
  actor: Actor,
): Promise<void> {
  const context = { account, purpose, actor, browser: browserOf(request) };
  const outcome = await methods[authenticator.method].verifier.delivery?.send(authenticator, context);
  if (!outcome || outcome.kind === 'sent' || outcome.kind === 'wait') return;
  const notice = isNotSent(outcome)
    ? ({ key: notSentKey(outcome, 'proof'), kind: 'warning' } as const)
    : SENDING_NOTICES[outcome.kind];
  flash(request, { path, ...notice });
}
