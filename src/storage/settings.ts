import type { Knex } from 'knex';
import { z } from 'zod';
import { seconds } from '../kernel/time.ts';
import type { Transaction } from '../kernel/transaction.ts';
import type { Definitions } from '../settings/definition.ts';
import { SETTINGS, type Settings, type SettingsStore } from '../settings/settings.ts';
import { settingsSchema } from '../settings/table.ts';
import { json } from './sql/rows.ts';
import { SqlStore } from './sql/store.ts';
import { knexOf, transaction } from './sql/transaction.ts';

const TABLE = 'settings';

export const storedSettings = settingsSchema();

export const settingRow = z.object({ name: z.string(), value: json });
const settingRows = z.array(settingRow);

const RECENT = seconds(1);

/** One row for each setting, so that two administrators at once do not overwrite each other's changes. */
export class KnexSettingsStore extends SqlStore implements SettingsStore {
  readonly #table: Definitions;
  readonly #schema: z.ZodType<Settings>;
  #recent: { readonly readAt: number; readonly settings: Promise<Settings> } | undefined;
  #changed = () => {
    this.#recent = undefined;
  };

  constructor(db: Knex, table: Definitions = SETTINGS) {
    super(db);
    this.#table = table;
    this.#schema = table === SETTINGS ? storedSettings : settingsSchema(table);
  }

  override in(tx: Transaction): this {
    const bound = new KnexSettingsStore(knexOf(tx), this.#table);
    // Until the commit others read the old values, so the cache is cleared after it.
    bound.#changed = () => tx.afterCommit(this.#changed);
    return bound as this;
  }

  async read(): Promise<Settings> {
    return readSettings(this.db, this.#schema);
  }

  /** Reads the database at most once a second. */
  async recent(): Promise<Settings> {
    // Monotonic, because the system clock may be set back.
    const now = performance.now();
    if (!this.#recent || now - this.#recent.readAt >= RECENT) this.#recent = this.#readAt(now);
    return this.#recent.settings;
  }

  #readAt(readAt: number) {
    const reading = { readAt, settings: this.read() };
    reading.settings.catch(() => {
      if (this.#recent === reading) this.#recent = undefined;
    });
    return reading;
  }

  async change(changes: Partial<Settings>): Promise<Settings> {
    const rows = Object.entries(changes)
      .filter(([, value]) => value !== undefined)
      .map(([name, value]) => ({ name, value: JSON.stringify(value) }))
      .sort((a, b) => (a.name < b.name ? -1 : 1));
    const changed = await transaction(this.db, async (trx) => {
      if (rows.length > 0) await trx(TABLE).insert(rows).onConflict('name').merge();
      return readSettings(trx, this.#schema);
    });
    this.#changed();
    return changed;
  }
}

export async function readSettings(db: Knex, schema = storedSettings): Promise<Settings> {
  return settingsOf(await db(TABLE).select('name', 'value'), schema);
}

/** The settings in these rows of the table. */
export function settingsOf(found: unknown, schema = storedSettings): Settings {
  const rows = settingRows.parse(found);
  return schema.parse(Object.fromEntries(rows.map(({ name, value }) => [name, value])));
}
