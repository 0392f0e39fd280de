import assert from 'node:assert/strict';
import { KnexAuthSnapshots } from '../../src/storage/auth-snapshots.ts';
import { answerOf } from '../../src/storage/sql/json-union.ts';
import { SQLITE, useDatabase } from '../support/databases.ts';
import { median } from '../support/timing.ts';

const READS = 400;
const ROUNDS = 9;

/** Processor time of the work in microseconds: other processes do not count. */
async function cost(work: () => Promise<unknown>): Promise<number> {
  const before = process.cpuUsage();
  for (let read = 0; read < READS; read++) await work();
  const { user, system } = process.cpuUsage(before);
  return user + system;
}

describe('The SQLite statement of every page', () => {
  const database = useDatabase(SQLITE);

  it('is compiled once: values in placeholders cost no more than values in its text', async function () {
    this.timeout(60_000);
    const snapshots = new KnexAuthSnapshots(database());
    let asked = '';
    database().once('query', ({ sql }: { readonly sql: string }) => {
      asked = sql;
    });
    await snapshots.read({ accountId: 'nobody', signInId: undefined });
    assert.match(asked, /\?/);
    // Only the statement is compared: the same text, with a value of the same length in it.
    const [placed, literal] = [asked, asked.replaceAll('?', "'nobody'")];
    const values = Array.from({ length: asked.split('?').length - 1 }, () => 'nobody');
    const ratios: number[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      const withText = await cost(() => answerOf(database(), literal, []));
      ratios.push((await cost(() => answerOf(database(), placed, values))) / withText);
    }
    assert.ok(median(ratios) < 1.8, `it takes ${median(ratios).toFixed(2)} times as long`);
  });
});
