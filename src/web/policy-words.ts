import type { Deadline } from '../two-factor/grace.ts';
import type { PersonalPolicy, RuleSource } from '../two-factor/personal-policy.ts';
import type { MessageKey, Translator } from '../words.ts';

const MANDATORY = {
  site: 'because.mandatory-site',
  group: 'because.mandatory-group',
  person: 'because.mandatory-person',
} as const satisfies Record<RuleSource['kind'], MessageKey>;

/** Why 2FA is asked of the person who reads it: a sentence for each rule that it comes from. */
export function reasonsInWords(
  { rule, decisive, agreed }: PersonalPolicy,
  { t }: Translator,
  site: string,
): readonly string[] {
  const sentences = decisive.flatMap(({ source }) => {
    const group = source.kind === 'group' ? source.name : '';
    if (rule === 'mandatory') return t(MANDATORY[source.kind], { site, group });
    return rule === 'optional' && source.kind === 'group' ? t('because.optional-group', { group }) : [];
  });
  return agreed ? sentences : [...sentences, t('because.nothing-in-common')];
}

/** Up to when the person who reads it may put it off; undefined where they may not. */
export function deadlineInWords(deadline: Deadline | undefined, words: Translator): string | undefined {
  switch (deadline?.kind) {
    case 'at':
      return words.t('grace.until', { time: words.when(deadline.at) });
    case 'not begun':
      return words.t('grace.not-begun', { count: deadline.days });
    default:
      return undefined;
  }
}
