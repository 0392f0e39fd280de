import type { MessageKey, Translator } from '../../../kernel/i18n.ts';
import { mayConfirm } from '../../../policy/settings-changes.ts';
import type { PendingResets, ResetRules } from '../../../settings/settings.ts';
import type { SignedIn } from '../../../web/auth-state.ts';
import { addAction } from '../../../web/form-page.ts';
import type { Handler } from '../../../web/guards.ts';
import { redirectTo } from '../../../web/redirects.ts';
import type { AddPage } from '../../../web/routes.ts';
import type { PageServices } from '../../page-services.ts';

type ApprovalServices = Pick<PageServices, 'accounts' | 'clock' | 'guards' | 'renderer' | 'settingsChanges'>;

const POLICY = '/admin/policy';
const PATH = `${POLICY}/approval`;

/** The pending change of the second approval, which another administrator has to confirm. */
export function approvalPages(addPage: AddPage, services: ApprovalServices): void {
  const { guards, settingsChanges } = services;
  addPage(PATH, { get: guards.steppedUpAdministrator(showChange(services)) });
  addDecision('confirm', 'approval.confirmed', async (id, { account, actor }) => {
    return (await settingsChanges.confirmResets(id, account, actor)) === 'changed';
  });
  addDecision('cancel', 'approval.cancelled', (id, { actor }) => settingsChanges.cancelResets(id, actor));

  /** The URL has the id of the change that was shown, so that a newer one is not confirmed unread. */
  function addDecision(
    verb: string,
    done: MessageKey,
    decide: (id: string, who: SignedIn) => Promise<boolean>,
  ): void {
    addAction(addPage, {
      path: `${PATH}/:id/${verb}`,
      guard: guards.steppedUpAdministrator,
      formPath: () => PATH,
      async act({ who, request }) {
        const isDone = await decide(String(request.params['id']), who);
        return {
          goTo: POLICY,
          flash: isDone ? { key: done, kind: 'success' } : { key: 'approval.not-now', kind: 'warning' },
        };
      },
    });
  }
}

/** GET /admin/policy/approval */
function showChange({
  renderer,
  accounts,
  clock,
}: Pick<PageServices, 'accounts' | 'clock' | 'renderer'>): Handler<SignedIn> {
  return async ({ who: { account, context }, request, response }) => {
    const { words, settings } = context;
    const { pendingResets: pending, resets } = settings;
    if (!pending) return redirectTo(response, POLICY);
    const asker = await accounts.find(pending.askedBy.id);
    await renderer.show(request, response, {
      view: 'admin/approval',
      title: words.t('approval.title'),
      caption: words.t('menu.administration'),
      back: { href: POLICY, text: words.t('policy.title') },
      model: {
        id: pending.id,
        facts: factsOf(pending, resets, words),
        mayConfirm: asker !== undefined && mayConfirm(pending, account, asker, clock()),
        isOwn: account.id === pending.askedBy.id,
      },
    });
  };
}

function factsOf(pending: PendingResets, present: ResetRules, words: Translator) {
  const { t, when, number } = words;
  const approval = ({ secondApproval }: ResetRules) => t(secondApproval ? 'audit-log.on' : 'audit-log.off');
  const waiting = ({ waitingHours }: ResetRules) => number(waitingHours);
  return [
    [t('policy.second-approval'), approval(present), approval(pending.resets)],
    [t('policy.waiting-hours'), waiting(present), waiting(pending.resets)],
    [t('request.asked-by-whom'), pending.askedBy.label],
    [t('request.asked-at'), when(pending.askedAt)],
    [t('approval.from'), when(pending.confirmableFrom)],
  ].map(([label = '', before = '', after = before]) => ({
    label,
    value: after === before ? before : t('approval.change', { before, after }),
  }));
}
