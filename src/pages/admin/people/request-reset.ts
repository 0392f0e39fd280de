import { z } from 'zod';
import type { Account } from '../../../accounts/account.ts';
import { LONGEST_NOTE, type ResetRequest } from '../../../administration/reset-request.ts';
import type { MessageKey } from '../../../kernel/i18n.ts';
import type { SignedIn } from '../../../web/auth-state.ts';
import { flash } from '../../../web/flash.ts';
import { addFormPage } from '../../../web/form-page.ts';
import { linesOfText } from '../../../web/forms.ts';
import type { Exchange } from '../../../web/guards.ts';
import { redirectTo } from '../../../web/redirects.ts';
import type { AddPage } from '../../../web/routes.ts';
import type { PageServices } from '../../page-services.ts';
import { accountOf } from './known-person.ts';

type ResetRequestServices = Pick<PageServices, 'accounts' | 'guards' | 'renderer' | 'resetRequests'>;

/** /admin/people/:id/request-reset: if a second administrator has to approve, a reset begins with a request. */
export function resetRequestPage(addPage: AddPage, services: ResetRequestServices): void {
  addFormPage(addPage, services, {
    path: '/admin/people/:id/request-reset',
    guard: services.guards.steppedUpAdministrator,
    schema: z.object({ note: linesOfText('request-decision.note-missing', LONGEST_NOTE) }),
    load: (exchange) => requestableAccount(services, exchange),
    view: ({ who, subject: { id, name, email } }) => ({
      view: 'admin/request-reset',
      title: who.context.words.t('request-reset.title', { name }),
      caption: who.context.words.t('menu.administration'),
      back: { href: `/admin/people/${id}`, text: name },
      model: { person: { id, name, email } },
    }),
    async submit({ note }, { who, subject }) {
      const { isNew, id } = await services.resetRequests.askFor(subject, note, who.account, who.actor);
      return {
        goTo: `/admin/requests/${id}`,
        flash: isNew
          ? { key: 'request-reset.done', kind: 'success' }
          : { key: 'request-reset.open-already', kind: 'info' },
      };
    },
  });
}

/** The account in the URL, if a request can be made for it. Otherwise redirects to the page that applies. */
async function requestableAccount(
  services: Pick<PageServices, 'accounts' | 'resetRequests'>,
  { who, request, response }: Exchange<SignedIn>,
): Promise<Account | undefined> {
  const account = await accountOf(services, request);
  const page = `/admin/people/${account.id}`;
  const leadTo = async (path: string, key?: MessageKey) => {
    if (key) flash(request, { path, key, kind: 'info' });
    await redirectTo(response, path);
    return undefined;
  };
  if (account.id === who.account.id) return leadTo(page, 'request-reset.own');
  if (account.passwordHash === null) return leadTo(page, 'person-action.not-now');
  if (!who.context.settings.resets.secondApproval) return leadTo(`${page}/reset-2fa`);
  const open = await openRequestOf(services, who, account);
  if (open) return leadTo(`/admin/requests/${open.id}`, 'request-reset.open-already');
  return account;
}

/** The account's open request. Saves the query if the header's count says that there is none. */
export async function openRequestOf(
  { resetRequests }: Pick<PageServices, 'resetRequests'>,
  { context }: SignedIn,
  account: Account,
): Promise<ResetRequest | undefined> {
  return context.person?.openRequests === 0 ? undefined : resetRequests.openOf(account);
}
