import type { Translator } from '../kernel/i18n.ts';
import type { EffectivePolicy } from '../policy/effective-policy.ts';
import type { Deadline } from '../settings/grace.ts';
import { MANDATORY_REASONS } from '../settings/rule.ts';

/** Why 2FA is required of the reader: a sentence for each rule. */
export function reasonsInWords(
  { rule, decisive, agreed }: EffectivePolicy,
  { t }: Translator,
  site: string,
): readonly string[] {
  const sentences = decisive.flatMap(({ source }) => {
    const group = source.kind === 'group' ? source.name : '';
    if (rule === 'mandatory') return t(MANDATORY_REASONS[source.kind], { site, group });
    return rule === 'optional' && source.kind === 'group' ? t('because.optional-group', { group }) : [];
  });
  return agreed ? sentences : [...sentences, t('because.nothing-in-common')];
}

/** Until when the reader may put it off; undefined if not at all. */
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
