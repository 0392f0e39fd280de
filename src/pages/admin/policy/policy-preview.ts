import type { Translator } from '../../../kernel/i18n.ts';
import type { Instant } from '../../../kernel/time.ts';
import { bind } from '../../../kernel/transaction.ts';
import type { Group, GroupWithSize } from '../../../policy/group.ts';
import { hasConfirmedMailbox, type Impact, type Timing } from '../../../policy/impact.ts';
import type { ProposedChange } from '../../../policy/policies.ts';
import type { PersonSnapshot } from '../../../policy/snapshot.ts';
import type { SignedIn } from '../../../web/auth-state.ts';
import type { Proposal } from '../../../web/confirm-page.ts';
import type { Redirect, Redisplay } from '../../../web/form-page.ts';
import type { Exchange } from '../../../web/guards.ts';
import type { Page } from '../../../web/rendering.ts';
import type { PageServices } from '../../page-services.ts';
import { deadlineInColumn } from '../report/adoption-words.ts';

type PolicyPreviewServices = Pick<PageServices, 'policyImpact'>;

/** A change of the rules that apply to people; `Services` are those of its page. */
export interface PolicyChange<Services> {
  readonly proposed: ProposedChange;
  /** The preview's link back. */
  readonly back: NonNullable<Page['back']>;
  /** The groups with their sizes, if the page has read them already. */
  readonly groups?: readonly GroupWithSize[];
  /** Makes the change. It must use `bound` only: the services in the transaction that has checked the preview. */
  readonly apply: (bound: Services) => Promise<Redirect | Redisplay>;
  /** The text of the link back; "Cancel" by default. */
  readonly keep?: string;
  /** The question of the page; by default, whether to save. */
  readonly question?: Question;
}

export interface Question extends Pick<Page, 'title' | 'width'> {
  readonly text: string;
  readonly warning?: string | undefined;
  readonly button: { readonly text: string; readonly kind: 'primary' | 'danger' };
}

/** The change, with a preview if people would have to enrol or lose a method that they use. */
export function policyProposal<Services extends PolicyPreviewServices>(
  services: Services,
  exchange: Exchange<SignedIn>,
  { proposed, groups, apply, back, keep, question }: PolicyChange<Services>,
): Proposal {
  const { policyImpact } = services;
  const { words, settings } = exchange.who.context;
  const { t } = words;
  return {
    needsConfirming: () => policyImpact.affectsAnyone(proposed, settings),
    async preview() {
      const effect = await effectOf(services, exchange, proposed, groups);
      const isFelt = effect.asked > 0 || effect.unoffered > 0;
      const { title, width, ...model } = question ?? {
        title: t(effect.asked > 0 ? 'preview.title' : 'preview.nobody-title'),
        width: 'wide',
        text: isFelt ? undefined : t('preview.nobody'),
        button: { text: t('preview.save') },
      };
      return {
        view: 'admin/confirm',
        title,
        caption: t('menu.administration'),
        ...(width && { width }),
        back,
        model: { ...model, effect, cancel: { href: back.href, text: keep ?? t('enrolment.cancel') } },
        revision: effect.revision,
        staleNotice: 'preview.stale',
      };
    },
    apply: () => apply(services),
    async applyIfUnchanged(revision) {
      const decision = await policyImpact.applyIfUnchanged(proposed, revision, (tx) =>
        apply(bind(services, tx)),
      );
      return decision.kind === 'stale' ? 'stale' : decision.outcome;
    },
  };
}

/** The effect of a change on people, for the partial `admin/policy-effect`. */
interface Effect {
  readonly unoffered: number;
  readonly asked: number;
  readonly facts: readonly { readonly label: string; readonly value: string }[];
  readonly lines: readonly (readonly unknown[])[];
  readonly more: number;
  /** Identifies the state that this was computed from. */
  readonly revision: string;
}

async function effectOf(
  { policyImpact }: PolicyPreviewServices,
  { who, request }: Exchange<SignedIn>,
  proposed: ProposedChange,
  groups?: readonly GroupWithSize[],
): Promise<Effect> {
  const { words, settings } = who.context;
  // A POST previews again after another administrator has saved something, maybe after this request began.
  const preview =
    request.method === 'POST'
      ? await policyImpact.ofNow(proposed, groups)
      : await policyImpact.of(proposed, settings, groups);
  const { t, number } = words;
  return {
    unoffered: preview.unoffered,
    asked: preview.asked,
    facts: [
      ...timesInWords(preview.timing, words),
      { label: t('preview.unconfirmed'), value: number(preview.unconfirmed) },
    ],
    lines: linesOf(preview, words),
    more: preview.asked - preview.named.length,
    revision: preview.revision,
  };
}

function timesInWords({ atOnce, dated, fromNextSignIn }: Timing, words: Translator) {
  const { t, when, number } = words;
  const rows: { label: string; value: string }[] = [];
  if (atOnce > 0) rows.push({ label: t('asked.at-once'), value: number(atOnce) });
  if (dated) {
    const { count, earliest, latest } = dated;
    const label =
      earliest === latest
        ? t('preview.until', { time: when(latest) })
        : t('preview.between', { earliest: when(earliest), latest: when(latest) });
    rows.push({ label, value: number(count) });
  }
  for (const [days, count] of [...fromNextSignIn].sort(([one], [other]) => one - other)) {
    rows.push({ label: t('asked.days', { count: days }), value: number(count) });
  }
  return rows;
}

function linesOf({ named }: Impact, words: Translator) {
  return named.map(({ account, deadline }) => [
    { text: account.name, href: `/admin/people/${account.id}` },
    account.email,
    hasConfirmedMailbox(account)
      ? words.t('preview.confirmed')
      : { text: words.t('preview.not-confirmed'), badge: 'plain' },
    deadlineInColumn(deadline, words),
  ]);
}

/** The person after joining and leaving these groups now. */
export function ifInGroups(
  known: PersonSnapshot,
  { joined, left }: { readonly joined: readonly Group[]; readonly left: readonly Group[] },
  now: Instant,
): ProposedChange {
  const stay = known.memberships.filter(({ group }) => left.every(({ id }) => id !== group.id));
  const come = joined.map((group) => ({ accountId: known.account.id, group, joinedAt: now }));
  return { person: { known, memberships: [...stay, ...come] } };
}
