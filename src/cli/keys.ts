import { addSecret } from '../secrets.ts';
import { resealAll } from '../two-factor/resealing.ts';
import { type Operation, requireTables } from './operation.ts';
import { Refusal } from './refusal.ts';

/**
 * `keys rotate`: makes a fresh secret (where the portal keeps its own, unless `keepSecret`) and seals everything that
 * is sealed anew under the newest one. Earlier secrets stay: what they signed is still accepted.
 */
export async function rotateKeys(
  operation: Operation,
  { keepSecret }: { readonly keepSecret: boolean },
): Promise<void> {
  await requireTables(operation);
  const { config, services, words, say, actor } = operation;
  const added = !keepSecret && addSecret(config);
  services.keyring.reload();
  const { resealed, unchanged, lost } = await resealAll(services);
  const mails = await services.mails.reseal();
  await services.audit.record('keys.rotated', actor.origin, actor.party, actor.party, {
    secret: added ? 'added' : 'kept',
    resealed: String(resealed),
    unchanged: String(unchanged),
    lost: String(lost),
    mails: String(mails),
  });
  if (added) say(words.t('cli.secret-added'));
  say(words.t('cli.resealed', { count: resealed }));
  say(words.t('cli.resealed-already', { count: unchanged }));
  if (mails > 0) say(words.t('cli.mails-resealed', { count: mails }));
  if (!added && !keepSecret && resealed === 0)
    say(words.t('cli.secret-yours', { variable: variableOf(operation) }));
  if (lost > 0) throw new Refusal(words.t('cli.resealed-lost', { count: lost }));
}

function variableOf({ config }: Operation): string {
  return config.secrets.kind === 'file' ? 'APP_SECRET_FILE' : 'APP_SECRET';
}
