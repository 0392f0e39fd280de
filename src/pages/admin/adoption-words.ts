import type { FigureId } from '../../two-factor/adoption.ts';
import type { Deadline } from '../../two-factor/grace.ts';
import { METHOD_IDS, type MethodId } from '../../two-factor/method.ts';
import type { Translator } from '../../words.ts';

type FigureOfMethod = `only-${MethodId}` | `with-${MethodId}`;

/** What a figure is called: the head of its column, and of the list of those whom it counts. */
export function figureInWords(figure: FigureId, words: Translator): string {
  for (const id of METHOD_IDS) {
    const method = words.t(`method.${id}.title`);
    if (figure === `only-${id}`) return words.t('adoption.only', { method });
    if (figure === `with-${id}`) return method;
  }
  return words.t(`adoption.figure.${figure as Exclude<FigureId, FigureOfMethod>}`);
}

/** When somebody has to have set up 2FA, for those who laid it down. */
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
