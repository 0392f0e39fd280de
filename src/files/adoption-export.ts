import { accountState } from '../accounts/account.ts';
import { type EnrolmentProgress, FIGURE_IDS, type Slice, shareOf } from '../policy/adoption.ts';
import type { EffectivePolicy } from '../policy/effective-policy.ts';
import { type ExportFormat, type Writing, written } from './formats.ts';

/** The figures for everybody and each group, one line each; percentages are of those who can sign in. */
export function exportAdoption(slices: AsyncIterable<Slice>, format: ExportFormat): AsyncGenerator<string> {
  return written(slices, format, FIGURES);
}

/** The people that a figure counts, with their own values. */
export function exportAdopters(
  people: AsyncIterable<EnrolmentProgress>,
  format: ExportFormat,
): AsyncGenerator<string> {
  return written(people, format, PEOPLE);
}

const FIGURES: Writing<Slice> = {
  columns: [
    'scope',
    'group_id',
    'group',
    ...FIGURE_IDS.flatMap((id) => [nameOf(id), `${nameOf(id)}_percent`]),
  ],
  cells: (slice) => [
    slice.group ? 'group' : 'everybody',
    slice.group?.id ?? '',
    slice.group?.name ?? '',
    ...FIGURE_IDS.flatMap((id) => [String(slice.figures[id]), percentOf(shareOf(id, slice))]),
  ],
  record: adoptionRecord,
};

/** A slice as JSON. */
export function adoptionRecord({ group, figures }: Slice) {
  return {
    group: group ? { id: group.id, name: group.name } : null,
    figures: Object.fromEntries(FIGURE_IDS.map((id) => [nameOf(id), figures[id]])),
  };
}

const PEOPLE: Writing<EnrolmentProgress> = {
  columns: [
    ...['id', 'email', 'name', 'groups', 'state', 'methods', 'recovery_codes'],
    ...['rule', 'due', 'due_at', 'due_days_from_sign_in', 'last_sign_in'],
  ],
  cells: ({ account, authenticators, policy, hasCodes, due }) => [
    account.id,
    account.email,
    account.name,
    groupNamesOf(policy).join('; '),
    accountState(account),
    [...new Set(authenticators.map(({ method }) => method))].join(' '),
    hasCodes ? 'yes' : 'no',
    policy.rule,
    due ? (due.deferrable ? 'in grace' : 'overdue') : '',
    due && policy.deadline?.kind === 'at' ? new Date(policy.deadline.at).toISOString() : '',
    due && policy.deadline?.kind === 'not begun' ? String(policy.deadline.days) : '',
    account.lastSignInAt === null ? '' : new Date(account.lastSignInAt).toISOString(),
  ],
  record: ({ account, authenticators, policy, hasCodes, due }) => ({
    ...{ id: account.id, email: account.email, name: account.name, state: accountState(account) },
    groups: groupNamesOf(policy),
    methods: [...new Set(authenticators.map(({ method }) => method))],
    ...{ hasCodes, rule: policy.rule, due: due && { mayWait: due.deferrable, deadline: policy.deadline } },
    lastSignInAt: account.lastSignInAt === null ? null : new Date(account.lastSignInAt).toISOString(),
  }),
};

function groupNamesOf({ rules }: EffectivePolicy): readonly string[] {
  return rules.flatMap(({ source }) => (source.kind === 'group' ? source.name : []));
}

/** The column's name. */
function nameOf(figure: string): string {
  return figure.replaceAll('-', '_');
}

function percentOf(share: number | undefined): string {
  return share === undefined ? '' : String(Math.round(share * 1000) / 10);
}
