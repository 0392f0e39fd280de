import { z } from 'zod';
import type { EmailChange } from '../../accounts/email-changes.ts';
import { isNotSent } from '../../codes/mailed-codes.ts';
import type { SignedIn } from '../../web/auth-state.ts';
import { addFormPage } from '../../web/form-page.ts';
import { emailAddress, sixDigits } from '../../web/forms.ts';
import type { Exchange } from '../../web/guards.ts';
import { redirectTo } from '../../web/redirects.ts';
import type { Page } from '../../web/rendering.ts';
import type { AddPage } from '../../web/routes.ts';
import { browserOf, updateState } from '../../web/session.ts';
import type { PageServices } from '../page-services.ts';
import { codeFault, SENDING_NOTICES, sendFault, throttleFault } from '../two-factor/faults.ts';
import { backToProfile, PROFILE, profileChanged } from './overview.ts';

type EmailServices = Pick<PageServices, 'clock' | 'emailChanges' | 'guards' | 'renderer'>;

const PATH = `${PROFILE}/email`;
const CODE_PATH = `${PATH}/code`;

/** Changes the email address: the new address, then the code that was sent to it. */
export function emailPages(addPage: AddPage, services: EmailServices): void {
  addressPage(addPage, services);
  codePage(addPage, services);
}

/** /profile/email: asks for the new address, and sends a code to it. */
function addressPage(addPage: AddPage, services: EmailServices): void {
  addFormPage(addPage, services, {
    path: PATH,
    guard: services.guards.steppedUp,
    schema: z.object({ email: emailAddress() }),
    view: ({ who: { account, context } }) => ({
      view: 'profile/email',
      title: context.words.t('profile.email-title'),
      back: backToProfile(context.words),
      model: { address: account.email },
    }),
    async submit({ email }, { who, request }) {
      const { account, actor, state } = who;
      if (email === account.email) return { errors: [{ field: 'email', key: 'profile.email-same' }] };
      const change = { account, email, browser: browserOf(request) };
      const outcome = await services.emailChanges.sendCode(change, actor);
      if (isNotSent(outcome)) {
        return { errors: [sendFault(outcome, 'email', 'set-up', services.clock())] };
      }
      await updateState(request, { ...state, emailChange: { email } });
      return { goTo: CODE_PATH, ...(outcome.kind !== 'sent' && { flash: SENDING_NOTICES[outcome.kind] }) };
    },
  });
}

/** /profile/email/code: takes the code from the new mailbox, and sends another. */
function codePage(addPage: AddPage, services: EmailServices): void {
  const { emailChanges, guards, clock } = services;

  /** The change that waits for its code; if there is none, redirects to the form of the address. */
  async function changeOf({ who, request, response }: Exchange<SignedIn>): Promise<EmailChange | undefined> {
    const { emailChange } = who.state;
    if (emailChange) return { account: who.account, email: emailChange.email, browser: browserOf(request) };
    await redirectTo(response, PATH);
    return undefined;
  }

  async function page({ context: { words } }: SignedIn, change: EmailChange): Promise<Page> {
    const now = clock();
    const { sentAt, nextAt } = await emailChanges.sending(change);
    const waitUntil = await emailChanges.waiting(change);
    return {
      view: 'profile/email-code',
      title: words.t('profile.email-code-title'),
      back: { href: PATH, text: words.t('profile.email-title') },
      model: {
        address: change.email,
        sentAt,
        nextSendIn: nextAt && nextAt - now,
        waitFor: waitUntil && waitUntil - now,
      },
    };
  }

  addFormPage(addPage, services, {
    path: CODE_PATH,
    // No step-up here: it came before the code was sent, and a second one would take time while the code expires.
    guard: guards.signedIn,
    schema: z.object({ code: sixDigits() }),
    load: changeOf,
    view: ({ who, subject }) => page(who, subject),
    async submit({ code }, { who, request, subject: change }) {
      const outcome = await emailChanges.confirm(change, code, who.actor);
      if (outcome.kind === 'wait') return { errors: [throttleFault(outcome.until, clock())] };
      if (outcome.kind === 'fault') return { errors: [codeFault(outcome.fault)] };
      const { emailChange: _made, ...rest } = who.state;
      await updateState(request, rest);
      return profileChanged('profile.email-changed');
    },
  });

  addFormPage(addPage, services, {
    path: `${CODE_PATH}/send`,
    formPath: () => CODE_PATH,
    postOnly: true,
    guard: guards.signedIn,
    schema: z.object({}),
    load: changeOf,
    view: ({ who, subject }) => page(who, subject),
    async submit(_values, { who, subject: change }) {
      const outcome = await emailChanges.sendCode(change, who.actor);
      if (isNotSent(outcome)) return { errors: [sendFault(outcome, 'code', 'set-up', clock())] };
      return { goTo: CODE_PATH, flash: SENDING_NOTICES[outcome.kind] };
    },
  });
}
