import type { Command } from 'commander';
import type { MessageKey, Translator } from '../kernel/i18n.ts';
import { CommandError, type Operation, type Run, requireTables } from './operation.ts';

/** `app rotate-keys` */
export function addKeysCommand(
  about: (verb: string, key: MessageKey) => Command,
  run: Run,
  _words: Translator,
): void {
  about('rotate-keys', 'cli.about-app-rotate-keys').action(() => run(rotateSigningKeys));
}

/**
 * `app rotate-keys`: the keys that were published as the next ones sign from now on. Running servers notice it within seconds. What
 * the former keys have signed stays valid.
 */
async function rotateSigningKeys(operation: Operation): Promise<void> {
  await requireTables(operation);
  const { services, words, say, actor } = operation;
  if (!(await services.signingKeys.rotate(actor))) throw new CommandError(words.t('cli.app-keys-again'));
  say(words.t('cli.app-keys-rotated'));
}

/** Part of `keys rotate`: encrypts the secrets and signing keys of apps under the newest secret of the operator's. */
export async function resealAppKeys({ services, words, say }: Operation): Promise<{ readonly lost: number }> {
  const kinds = [await services.appSecrets.reseal(), await services.signingKeys.reseal()];
  const sum = (count: 'resealed' | 'lost') => kinds.reduce((total, kind) => total + kind[count], 0);
  if (sum('resealed') > 0) say(words.t('cli.app-keys-resealed', { number: sum('resealed') }));
  return { lost: sum('lost') };
}
