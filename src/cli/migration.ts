import type { Operation } from './operation.ts';

/** `migrate`: brings the tables up to date. */
export async function migrateTables({ portal, words, say }: Operation): Promise<void> {
  const pending = await portal.pendingMigrations();
  await portal.migrate();
  for (const name of pending) say(name);
  say(words.t('cli.migrated', { count: pending.length }));
}
