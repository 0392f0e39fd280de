import { adoptionRecord } from '../files/adoption-export.ts';
import { FIGURE_IDS } from '../two-factor/adoption.ts';
import { type Operation, requireTables } from './operation.ts';
import { writeTable } from './table.ts';

/** `adoption`: the figures of everybody and of each group, a column each; their names are those of the export. */
export async function showAdoption(
  operation: Operation,
  { json }: { readonly json: boolean },
): Promise<void> {
  await requireTables(operation);
  const { services, words, say } = operation;
  const slices = await services.adoption.slices(await services.census.rules());
  if (json) return say(JSON.stringify(slices.map(adoptionRecord)));
  writeTable(
    [
      ['', ...slices.map(({ group }) => group?.name ?? words.t('adoption.everybody'))],
      ...FIGURE_IDS.map((id) => [id, ...slices.map(({ figures }) => words.number(figures[id]))]),
    ],
    say,
  );
}
