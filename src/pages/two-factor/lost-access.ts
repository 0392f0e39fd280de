import type { Request, RequestHandler, Response } from 'express';
import { z } from 'zod';
import {
  LONGEST_CONTACT,
  LONGEST_STORY,
  type RequestStanding,
  type ResetRequest,
  requestStanding,
} from '../../accounts/reset-request.ts';
import type { Delivery } from '../../post/post.ts';
import { allowedAuthenticators } from '../../two-factor/policy.ts';
import { type FieldFault, formView, lineOfText, linesOfText, parseForm } from '../../web/forms.ts';
import type { Handler } from '../../web/guards.ts';
import type { AddPage } from '../../web/routes.ts';
import { forgetLeftovers, leaveNotice, readKeptForm } from '../../web/session.ts';
import type { HalfWay, Person } from '../../web/standing.ts';
import type { MessageKey } from '../../words.ts';
import type { PageServices } from '../page-services.ts';

export interface LostAccessMount<Who extends HalfWay | Person> {
  /** The code page that this one belongs to. */
  readonly path: string;
  readonly guard: (handler: Handler<Who>) => RequestHandler;
  /** What the code is for. */
  readonly caption: MessageKey;
  /** Whether who has lost access may ask the administrators for a reset here. */
  readonly mayAskForReset: boolean;
}

const schema = z.object({
  happened: linesOfText('lost-access.happened-missing', LONGEST_STORY),
  contact: lineOfText('lost-access.contact-missing', LONGEST_CONTACT),
});

/** What is said of a request that was made, by what became of the mail about it. */
const ASKED = {
  accepted: { key: 'lost-access.asked', kind: 'success' },
  waiting: { key: 'lost-access.asked-mail-waits', kind: 'warning' },
  refused: { key: 'lost-access.asked-without-mail', kind: 'warning' },
} as const satisfies Record<Delivery, unknown>;

type Typed = Readonly<Record<string, string>>;

/** "I have lost access": what to do, and at sign-in the form that asks the administrators for a reset. */
export function addLostAccess<Who extends HalfWay | Person>(
  addPage: AddPage,
  { resetRequests, renderer, clock }: PageServices,
  mount: LostAccessMount<Who>,
): void {
  const path = `${mount.path}/lost-access`;

  const show = mount.guard((who, request, response) =>
    showPage(who, request, response, readKeptForm(request, path), []),
  );

  const submit = mount.guard(async (who, request, response) => {
    const form = parseForm(schema, request);
    if (!form.ok) return showPage(who, request, response, form.typed, form.faults);
    const outcome = await resetRequests.ask(who.account, form.values, who.actor);
    if (outcome.kind === 'wait') {
      const fault = { field: 'happened', key: 'lost-access.wait', wait: outcome.until - clock() } as const;
      return showPage(who, request, response, form.typed, [fault]);
    }
    forgetLeftovers(request);
    if (outcome.kind === 'asked') {
      leaveNotice(request, { path, ...ASKED[outcome.delivery], values: {}, at: clock() });
    }
    response.redirect(303, path);
  });

  async function showPage(
    who: Who,
    request: Request,
    response: Response,
    typed: Typed,
    faults: readonly FieldFault[],
  ): Promise<void> {
    const { words } = who.visit;
    const open = mount.mayAskForReset ? await resetRequests.openOf(who.account) : undefined;
    await renderer.show(request, response, {
      view: 'two-factor/lost-access',
      title: words.t('lost-access.title'),
      caption: words.t(mount.caption),
      width: 'narrow',
      back: { href: mount.path, text: words.t('page.back') },
      help: 'lost-access',
      form: formView(typed, open ? [] : faults, words),
      facts: {
        path: mount.path,
        others: allowedAuthenticators(who.policy, who.authenticators).length - 1,
        open: open && openView(open, who),
        mayAsk: mount.mayAskForReset && !open,
      },
    });
  }

  /** What the person may know of their request. */
  function openView(open: ResetRequest, { visit }: Who) {
    const standing: RequestStanding = requestStanding(open, visit.settings.resets, clock());
    const isApproved = standing === 'waiting' || standing === 'due';
    return { askedAt: open.askedAt, dueAt: isApproved ? open.dueAt : null };
  }

  addPage(path, mount.mayAskForReset ? { get: show, post: submit } : { get: show });
}
