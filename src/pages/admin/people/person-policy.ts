import type { MessageKey, Translator } from '../../../kernel/i18n.ts';
import type { EffectivePolicy } from '../../../policy/effective-policy.ts';
import { type RequiredEnrolment, requiredEnrolment } from '../../../policy/requirements.ts';
import type { RuleSource } from '../../../settings/rule.ts';
import type { Authenticator } from '../../../two-factor/authenticator.ts';

/** "Mandatory, by the group “Agents”. Methods: Authentication App." */
export function ruleInWords({ rule, methods, decisive, agreed }: EffectivePolicy, words: Translator): string {
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
  'mandatory, grace lasts': 'person.due.may-wait',
  mandatory: 'person.due.enrolment',
} as const satisfies Record<RequiredEnrolment['reason'], MessageKey>;

/** What the next sign-in asks for after the password, and until when an enrolment may be put off. */
export function nextSignInWords(
  policy: EffectivePolicy,
  authenticators: readonly Authenticator[],
  words: Translator,
): string {
  const enrolment = requiredEnrolment(policy, authenticators);
  const sentences = [
    ...(authenticators.length > 0 ? [words.t('person.due.second-step')] : []),
    ...(enrolment ? [words.t(DUE[enrolment.reason])] : []),
    ...(enrolment?.deferrable ? [deadlineInWords(policy, words)] : []),
  ];
  return sentences.join(' ') || words.t('person.due.nothing');
}

function deadlineInWords({ deadline }: EffectivePolicy, { t, when }: Translator): string {
  if (deadline?.kind === 'not begun') return t('person.grace-not-begun', { count: deadline.days });
  return t('person.grace-until', { time: deadline?.kind === 'at' ? when(deadline.at) : '' });
}

export function listOf(items: readonly string[], words: Translator): string {
  return new Intl.ListFormat(words.locale, { type: 'unit' }).format(items);
}
