import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { groupWith } from '../support/policies.ts';
import { openPortal, type TestPortal } from '../support/portal.ts';
import { enrolsApp } from '../support/victim.ts';
import { runs } from './command-line.ts';

describe('The command line: adoption', () => {
  let folder: string;
  let portal: TestPortal;
  const environment = () => ({ DATABASE_URL: `sqlite:${join(folder, 'portal.sqlite')}`, DATA_DIR: folder });

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'postern-cli-'));
    portal = await openPortal('database', environment());
    const ann = await portal.account('ann@example.org');
    await portal.account('bob@example.org');
    await enrolsApp(portal, ann);
    await groupWith(portal, { rule: 'mandatory' }, [ann], 'Agents');
  });
  after(async () => {
    await portal.close();
    rmSync(folder, { recursive: true, force: true });
  });

  it('is printed with a column for everyone and one for each group', async () => {
    const { code, output } = await runs(environment(), ['adoption']);
    assert.equal(code, 0);
    const lines = output
      .trimEnd()
      .split('\n')
      .map((line) => line.trim().split(/\s+/));
    assert.deepEqual(lines[0], ['Everyone', 'Agents']);
    const figure = (id: string) => lines.find(([name]) => name === id)?.slice(1);
    assert.deepEqual(figure('can-sign-in'), ['2', '1']);
    assert.deepEqual(figure('only-app'), ['1', '1']);
    assert.deepEqual(figure('none'), ['1', '0']);
  });

  it('has a format for programs', async () => {
    const { output } = await runs(environment(), ['adoption', '--json']);
    const [everybody, agents] = JSON.parse(output);
    assert.equal(everybody.group, null);
    assert.equal(agents.group.name, 'Agents');
    assert.deepEqual([everybody.figures.none, agents.figures.mandatory], [1, 1]);
  });
});
