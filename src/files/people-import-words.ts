import type { Translator } from '../kernel/i18n.ts';
import type { ImportCheck, LineFault } from './people-import.ts';

/** Maximum of line numbers listed for one error. */
const NAMED = 5;

/** "Line 3", or "Lines 3, 4, 5, 6, 7, …". */
export function linesInWords({ lines }: LineFault, { t }: Translator): string {
  const [line = 0] = lines;
  if (lines.length === 1) return t('import.on-line', { line });
  const named = lines.slice(0, NAMED).join(', ');
  return t('import.on-lines', { lines: lines.length > NAMED ? `${named}, …` : named });
}

/** The columns that are not imported; undefined if all are. */
export function leftOutInWords({ leftOut }: ImportCheck, { t }: Translator): string | undefined {
  return leftOut.length > 0 ? t('import.left-out', { columns: leftOut.join(', ') }) : undefined;
}
