import type { MessageKey } from '../words.ts';
import type { Operation } from './operation.ts';

/** So much text of an earlier, longer line has to go. */
const CLEAR_LINE = '\r\x1b[K';

/**
 * Shows on a terminal how far a long command is, on one line that overwrites itself; where standard error is no
 * terminal, nothing. The words of `key` have {{done}} and {{all}}.
 */
export function progressOn(
  { terminal, words }: Pick<Operation, 'terminal' | 'words'>,
  key: MessageKey,
  all: number,
) {
  const { errors } = terminal;
  if (!('isTTY' in errors) || errors.isTTY !== true) return () => {};
  return (done: number): void => {
    errors.write(`${CLEAR_LINE}${words.t(key, { done, all })}${done === all ? '\n' : ''}`);
  };
}
