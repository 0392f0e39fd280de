import type { Request, Response } from 'express';
import type { LinkPurpose } from '../../accounts/links.ts';
import { forgetLeftovers, leaveNotice } from '../../web/session.ts';
import { type Standing, standingOf } from '../../web/standing.ts';
import type { MessageKey } from '../../words.ts';
import type { PageServices } from '../page-services.ts';

/** The token of a one-time link: in the address of the page that it opens, and in a hidden field of that page's form. */
export function tokenIn(candidate: unknown): string {
  return typeof candidate === 'string' && /^[\w-]{1,64}$/.test(candidate) ? candidate : '';
}

/** Back from an error page to the form, which without its token would be a dead link. */
export function formPathWithToken(path: string): (request: Request) => string {
  return (request) => `${path}?token=${tokenIn(request.body?.token)}`;
}

/** The heading of the page that each link opens. */
export const LINK_TITLES = {
  setup: 'setup.title',
  invitation: 'invitation.title',
  'password reset': 'reset-password.title',
  'sign-up': 'sign-up-confirm.title',
  'cancel request': 'cancel-request.title',
} as const satisfies Readonly<Record<LinkPurpose, MessageKey>>;

/** Used, replaced, too old, altered, never there: one page for all of them, which says what to do. */
export async function showDeadLink(
  { renderer }: PageServices,
  { visit }: Standing,
  purpose: LinkPurpose,
  request: Request,
  response: Response,
): Promise<void> {
  await renderer.show(request, response, {
    view: 'account/dead-link',
    title: visit.words.t('dead-link.title'),
    caption: visit.words.t(LINK_TITLES[purpose]),
    width: 'narrow',
    status: 410,
    facts: { purpose },
  });
}

/** Leads to the sign-in, for a link signs nobody in; where somebody else is signed in, to their front page. */
export async function leadToSignIn(
  services: PageServices,
  key: MessageKey,
  request: Request,
  response: Response,
): Promise<void> {
  const { kind } = await standingOf(request, services);
  const path = kind === 'signed in' ? '/' : '/sign-in';
  forgetLeftovers(request);
  leaveNotice(request, { path, key, kind: 'success', values: {}, at: services.clock() });
  response.redirect(303, path);
}
