import type { Knex } from 'knex';
import { z } from 'zod';
import { DEFAULT_SETTINGS, type Settings, type SettingsStore } from '../settings/settings.ts';
import { seconds } from '../time.ts';
import { TWO_FACTOR_RULES } from '../two-factor/policy.ts';
import { transaction } from './contention.ts';
import { json } from './rows.ts';
import { graceShape, methodIds } from './rules.ts';
import { currentUnit } from './units-of-work.ts';

const TABLE = 'settings';

/**
 * A setting that was never changed has its default. One that cannot be read is a fault and not its default: the policy
 * would silently turn from mandatory to optional (ASVS 16.5.3).
 */
const storedSettings = z.object({
  siteName: z.string().default(DEFAULT_SETTINGS.siteName),
  helpContact: z.string().default(DEFAULT_SETTINGS.helpContact),
  sender: z.string().default(DEFAULT_SETTINGS.sender),
  signUp: z.boolean().default(DEFAULT_SETTINGS.signUp),
  twoFactor: z
    .object({ rule: z.enum(TWO_FACTOR_RULES), methods: methodIds })
    .default(DEFAULT_SETTINGS.twoFactor),
  grace: graceShape.default(DEFAULT_SETTINGS.grace),
  mandatorySince: z.number().int().min(0).default(DEFAULT_SETTINGS.mandatorySince),
  trustDays: z.number().int().min(0).default(DEFAULT_SETTINGS.trustDays),
  resets: z
    .object({ secondApproval: z.boolean(), waitingHours: z.number().int().min(0) })
    .default(DEFAULT_SETTINGS.resets),
});

export const settingRow = z.object({ name: z.string(), value: json });
const settingRows = z.array(settingRow);

const RECENT = seconds(1);

/** The settings in the database, one row each, so that two administrators do not undo one another's changes. */
export class KnexSettingsStore implements SettingsStore {
  readonly #db: Knex;
  #recent: { readonly readAt: number; readonly settings: Promise<Settings> } | undefined;

  constructor(db: Knex) {
    this.#db = db;
  }

  async read(): Promise<Settings> {
    return readSettings(this.#db);
  }

  /** However many ask, the database is asked once a second. */
  async recent(): Promise<Settings> {
    // By a clock that nobody sets back.
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
    const changed = await transaction(this.#db, async (trx) => {
      if (rows.length > 0) await trx(TABLE).insert(rows).onConflict('name').merge();
      return readSettings(trx);
    });
    this.#forget();
    return changed;
  }

  /** What is read until the change is kept with all that it belongs to is as it was before. */
  #forget(): void {
    this.#recent = undefined;
    currentUnit()?.afterwards.push(() => {
      this.#recent = undefined;
    });
  }
}

export async function readSettings(db: Knex): Promise<Settings> {
  return settingsOf(await db(TABLE).select('name', 'value'));
}

/** The settings that the rows of the table come to. */
export function settingsOf(found: unknown): Settings {
  const rows = settingRows.parse(found);
  return storedSettings.parse(Object.fromEntries(rows.map(({ name, value }) => [name, value])));
}
