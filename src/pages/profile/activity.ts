import { type Account, emailKey } from '../../accounts/account.ts';
import type { AuditEvent } from '../../audit/audit.ts';
import type { AddPage } from '../../web/routes.ts';
import type { MessageKey } from '../../words.ts';
import { listPage, PAGE_SIZE } from '../lists.ts';
import type { PageServices } from '../page-services.ts';
import { backToProfile, PROFILE } from './overview.ts';

/** "Activity": what happened to one's own account, newest first. */
export function activityPage(addPage: AddPage, { guards, audit, renderer }: PageServices): void {
  addPage(`${PROFILE}/activity`, {
    get: guards.signedIn(async ({ account, visit }, request, response) => {
      const { words } = visit;
      const { found, pagination } = await listPage(request, {}, (page) =>
        audit.search({ subjectId: account.id, page, pageSize: PAGE_SIZE }),
      );
      const lines = found.events.map((event) => {
        const actor = actorIn(event, account);
        return [
          words.when(event.at),
          words.t(`audit.${event.event}`),
          words.t(actor),
          // Where an administrator sits is no business of the people whose accounts they look after.
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
        facts: { lines, pagination },
      });
    }),
  });
}

/** Who typed the address alone may have been the person or anybody. */
function actorIn({ actorId, actorLabel }: AuditEvent, { id, email }: Account): MessageKey {
  if (actorId === id) return 'activity.you';
  return actorId === null && actorLabel === emailKey(email) ? 'activity.unknown' : 'activity.somebody';
}
