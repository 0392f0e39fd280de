import type { Authenticator } from '../../two-factor/authenticator.ts';
import type { PersonalPolicy, RuleSource } from '../../two-factor/personal-policy.ts';
import { type DueReason, dueAfterPassword } from '../../two-factor/sign-in-checks.ts';
import type { MessageKey, Translator } from '../../words.ts';

/** "Mandatory, by the group “Agents”. Methods: Authentication App.", for those who laid it down. */
export function ruleInWords({ rule, methods, decisive, agreed }: PersonalPolicy, words: Translator): string {
  const { t } = words;
  if (rule === 'off') return t('person.rule.off');
  const sources = listOf(
    decisive.map(({ source }) => sourceInWords(source, words)),
    words,
  );
  const sentences = [
    t(`person.rule.${rule}`, { sources }),
    t('person.rule-methods', {
      methods: listOf(
        methods.map((id) => t(`method.${id}.title`)),
        words,
      ),
    }),
    ...(agreed ? [] : [t('person.rule-not-agreed')]),
  ];
  return sentences.join(' ');
}

function sourceInWords(source: RuleSource, { t }: Translator): string {
  return source.kind === 'group'
    ? t('person.rule-source.group', { group: source.name })
    : t(`person.rule-source.${source.kind}`);
}

const DUE = {
  'has authenticator': 'person.due.second-step',
  'mandatory, grace lasts': 'person.due.may-wait',
  mandatory: 'person.due.enrolment',
} as const satisfies Record<DueReason, MessageKey>;

/** What the person will be asked for, once the password is accepted, and up to when they may put it off. */
export function nextSignInWords(
  policy: PersonalPolicy,
  authenticators: readonly Authenticator[],
  words: Translator,
): string {
  const due = dueAfterPassword(policy, authenticators, false);
  if (!due) return words.t('person.due.nothing');
  // Who has a factor that does not satisfy the policy is asked for it, and then has to create another.
  const after = due.next === 'second step' ? dueAfterPassword(policy, authenticators, true) : undefined;
  return [due, ...(after ? [after] : [])]
    .map(({ reason }) => words.t(DUE[reason]))
    .concat(due.mayWait || after?.mayWait ? [deadlineInWords(policy, words)] : [])
    .join(' ');
}

function deadlineInWords({ deadline }: PersonalPolicy, { t, when }: Translator): string {
  if (deadline?.kind === 'not begun') return t('person.grace-not-begun', { count: deadline.days });
  return t('person.grace-until', { time: deadline?.kind === 'at' ? when(deadline.at) : '' });
}

export function listOf(items: readonly string[], words: Translator): string {
  return new Intl.ListFormat(words.locale, { type: 'unit' }).format(items);
}
