import type { Request } from 'express';
import type { LinkPurpose } from '../../accounts/links.ts';
import type { MailPermission } from '../../accounts/requested-mails.ts';
import type { MessageKey } from '../../kernel/i18n.ts';
import type { Instant } from '../../kernel/time.ts';
import type { AuthState } from '../../web/auth-state.ts';
import type { Loading, Redirect } from '../../web/form-page.ts';
import type { FieldError } from '../../web/forms.ts';
import type { Exchange } from '../../web/guards.ts';
import type { PageServices } from '../page-services.ts';

/** The token of a one-time link: from the query of a GET, from a hidden field of a POST; "" if it is malformed. */
export function linkToken({ method, query, body }: Request): string {
  const candidate: unknown = method === 'POST' ? body?.token : query['token'];
  return typeof candidate === 'string' && /^[\w-]{1,64}$/.test(candidate) ? candidate : '';
}

/** The path of the form with its token: without it, an error page would lead back to a dead link. */
export function formPathWithToken(path: string): (request: Request) => string {
  return (request) => `${path}?token=${linkToken(request)}`;
}

/** The heading of the page that each link opens. */
export const LINK_TITLES = {
  setup: 'setup.title',
  invitation: 'invitation.title',
  'password reset': 'reset-password.title',
  'sign-up': 'sign-up-confirm.title',
  'cancel request': 'cancel-request.title',
} as const satisfies Readonly<Record<LinkPurpose, MessageKey>>;

/** The error for the address field when a mail rate limit applies. */
export function mailError(refused: Exclude<MailPermission, { kind: 'granted' }>, now: Instant): FieldError {
  const key = refused.kind === 'wait' ? 'error.mail-wait' : 'error.client-mail-wait';
  return { field: 'email', key, wait: refused.until - now };
}

/** Looks the link up without consuming it; shows the page of a dead link if `open` finds nothing. */
export function behindLink<Opened>(
  services: Pick<PageServices, 'renderer'>,
  purpose: LinkPurpose,
  open: (token: string, who: AuthState) => Promise<Opened | undefined>,
): Loading<AuthState, Opened> {
  return async (exchange) => {
    const opened = await open(linkToken(exchange.request), exchange.who);
    return opened ?? showDeadLink(services, purpose, exchange);
  };
}

/** One page (410) for every invalid link (used, replaced, altered, unknown, expired): it says what to do. */
export async function showDeadLink(
  { renderer }: Pick<PageServices, 'renderer'>,
  purpose: LinkPurpose,
  { who, request, response }: Exchange,
): Promise<undefined> {
  const { t } = who.context.words;
  await renderer.show(request, response, {
    view: 'account/dead-link',
    title: t('dead-link.title'),
    caption: t(LINK_TITLES[purpose]),
    width: 'narrow',
    status: 410,
    model: { purpose },
  });
  return undefined;
}

/** Redirects to the sign-in page, because a link signs nobody in; to the front page if the browser is signed in. */
export async function linkUsed(
  { guards }: Pick<PageServices, 'guards'>,
  key: MessageKey,
  request: Request,
): Promise<Redirect> {
  // The link may have ended this browser's session.
  const { kind } = await guards.stateNow(request);
  return { goTo: kind === 'signed in' ? '/' : '/sign-in', flash: { key, kind: 'success' } };
}
