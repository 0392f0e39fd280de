import type { Account } from '../../accounts/account.ts';
import type { AuditEvent } from '../../audit/event.ts';
import { emailKey } from '../../kernel/email-address.ts';
import type { MessageKey } from '../../kernel/i18n.ts';
import type { AddPage } from '../../web/routes.ts';
import { listPage, PAGE_SIZE } from '../lists.ts';
import type { PageServices } from '../page-services.ts';
import { backToProfile, PROFILE } from './overview.ts';

type ActivityServices = Pick<PageServices, 'audit' | 'guards' | 'renderer'>;

/** "Activity": the audit entries of one's own account, newest first. */
export function activityPage(addPage: AddPage, { guards, audit, renderer }: ActivityServices): void {
  addPage(`${PROFILE}/activity`, {
    get: guards.signedIn(async ({ who: { account, context }, request, response }) => {
      const { words } = context;
      const { found, pagination } = await listPage(request, {}, (page) =>
        audit.search({ subjectId: account.id, page, pageSize: PAGE_SIZE }),
      );
      const lines = found.events.map((event) => {
        const actor = actorIn(event, account);
        return [
          words.when(event.at),
          words.t(`audit.${event.event}`),
          words.t(actor),
          // An administrator's address and browser are not shown to others.
          actor === 'activity.somebody'
            ? ''
            : { text: event.address, ...(event.browser !== '' && { hint: event.browser }) },
        ];
      });
      await renderer.show(request, response, {
        view: 'profile/activity',
        title: words.t('activity.title'),
        width: 'wide',
        back: backToProfile(words),
        model: { lines, pagination },
      });
    }),
  });
}

/** Who acted. An actor without an account only typed the address: the person, or anybody else. */
function actorIn({ actorId, actorLabel }: AuditEvent, { id, email }: Account): MessageKey {
  if (actorId === id) return 'activity.you';
  return actorId === null && actorLabel === emailKey(email) ? 'activity.unknown' : 'activity.somebody';
}
