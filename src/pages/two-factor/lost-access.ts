import { z } from 'zod';
import {
  LONGEST_CONTACT,
  LONGEST_STORY,
  type ResetRequest,
  requestStanding,
} from '../../administration/reset-request.ts';
import type { Delivery } from '../../mail/mailer.ts';
import type { PendingSignIn, SignedIn } from '../../web/auth-state.ts';
import { clearFlash } from '../../web/flash.ts';
import { addFormPage } from '../../web/form-page.ts';
import { lineOfText, linesOfText } from '../../web/forms.ts';
import { redirectTo } from '../../web/redirects.ts';
import type { Page } from '../../web/rendering.ts';
import type { AddPage } from '../../web/routes.ts';
import type { PageServices } from '../page-services.ts';
import type { CodeMount } from './code-mount.ts';

type LostAccessServices = Pick<PageServices, 'clock' | 'renderer' | 'resetRequests'>;

/** The notice about a new request, for each outcome of the mail about it. */
const ASKED = {
  accepted: { key: 'lost-access.asked', kind: 'success' },
  waiting: { key: 'lost-access.asked-mail-waits', kind: 'warning' },
  refused: { key: 'lost-access.asked-without-mail', kind: 'warning' },
} as const satisfies Record<Delivery, unknown>;

/** "I have lost access": what to do, and at sign-in the form to ask the administrators for a reset. */
export function addLostAccess<Who extends PendingSignIn | SignedIn>(
  addPage: AddPage,
  services: LostAccessServices,
  mount: CodeMount<Who>,
): void {
  const { resetRequests, renderer, clock } = services;
  const path = `${mount.path}/lost-access`;

  function page(who: Who, open: ResetRequest | undefined): Page {
    const { words } = who.context;
    return {
      view: 'two-factor/lost-access',
      title: words.t('lost-access.title'),
      caption: words.t(mount.caption),
      width: 'narrow',
      back: { href: mount.path, text: words.t('page.back') },
      help: 'lost-access',
      model: {
        path: mount.path,
        others: mount.asked(who).length - 1,
        open: open && openView(open, who),
        mayAsk: mount.mayAskForReset && !open,
      },
    };
  }

  /** The part of the request that the person may see. */
  function openView(open: ResetRequest, { context }: Who) {
    const standing = requestStanding(open, context.settings.resets, clock());
    const isApproved = standing === 'waiting' || standing === 'due';
    return { askedAt: open.askedAt, dueAt: isApproved ? open.dueAt : null };
  }

  if (!mount.mayAskForReset) {
    addPage(path, {
      get: mount.guard(({ who, request, response }) =>
        renderer.show(request, response, page(who, undefined)),
      ),
    });
    return;
  }

  addFormPage(addPage, services, {
    path,
    guard: mount.guard,
    schema: z.object({
      happened: linesOfText('lost-access.happened-missing', LONGEST_STORY),
      contact: lineOfText('lost-access.contact-missing', LONGEST_CONTACT),
    }),
    async load({ who, request, response }) {
      const open = await resetRequests.openOf(who.account);
      if (!open || request.method !== 'POST') return { open };
      // There is a request already: the page shows it.
      clearFlash(request);
      await redirectTo(response, path);
      return undefined;
    },
    view: ({ who, subject: { open } }) => page(who, open),
    async submit(values, { who }) {
      const outcome = await resetRequests.ask(who.account, values, who.actor);
      if (outcome.kind === 'wait') {
        return { errors: [{ field: 'happened', key: 'lost-access.wait', wait: outcome.until - clock() }] };
      }
      return { goTo: path, ...(outcome.kind === 'asked' && { flash: ASKED[outcome.delivery] }) };
    },
  });
}
