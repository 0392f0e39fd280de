import type { Translator } from '../../../kernel/i18n.ts';
import type { FigureId } from '../../../policy/adoption.ts';
import type { Deadline } from '../../../settings/grace.ts';
import { METHOD_IDS, type MethodId } from '../../../settings/method-ids.ts';

type FigureOfMethod = `only-${MethodId}` | `with-${MethodId}`;

/** The name of a figure, for the head of its column and the title of its list of people. */
export function figureInWords(figure: FigureId, words: Translator): string {
  for (const id of METHOD_IDS) {
    const method = words.t(`method.${id}.title`);
    if (figure === `only-${id}`) return words.t('adoption.only', { method });
    if (figure === `with-${id}`) return method;
  }
  return words.t(`adoption.figure.${figure as Exclude<FigureId, FigureOfMethod>}`);
}

/** The deadline for setting up 2FA, in words for administrators. */
export function deadlineInColumn(deadline: Deadline, words: Translator): string {
  switch (deadline.kind) {
    case 'over':
      return words.t('asked.at-once');
    case 'at':
      return words.when(deadline.at);
    case 'not begun':
      return words.t('asked.days', { count: deadline.days });
  }
}
