import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runsProgram } from '../process/running-server.ts';
import { OPERATOR, openPortal, type TestPortal } from '../support/portal.ts';
import { runs } from './command-line.ts';

describe('The command line: reset requests', () => {
  let folder: string;
  let portal: TestPortal;
  const environment = () => ({ DATABASE_URL: `sqlite:${join(folder, 'portal.sqlite')}`, DATA_DIR: folder });
  const carriesOut = () => runs(environment(), ['requests', 'carry-out']);

  /** A request that one administrator has approved. */
  async function approved(email: string, waitingHours: number) {
    const { services } = portal;
    await services.settings.change({ resets: { secondApproval: false, waitingHours: 1 } });
    const account = await portal.account(email);
    await services.resetRequests.ask(account, { happened: 'Lost', contact: 'Room 5' }, OPERATOR);
    const request = await services.resetRequests.openOf(account);
    assert.ok(request);
    // The command uses the real clock: the waiting started an hour ago.
    portal.wait(-waitingHours * 3_600_000);
    const administrator = await portal.account(`admin-of-${email}`, 'administrator');
    await services.resetRequests.approve(request, 'Called back', administrator, OPERATOR);
    portal.wait(waitingHours * 3_600_000);
    return { state: async () => (await services.resetRequests.find(request.id))?.state };
  }

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'postern-cli-'));
    portal = await openPortal('database', environment());
  });
  afterEach(async () => {
    await portal.close();
    rmSync(folder, { recursive: true, force: true });
  });

  it('are carried out when they are due, and the others remain', async () => {
    const due = await approved('ann@example.org', 2);
    const waiting = await approved('bob@example.org', 0);
    assert.deepEqual(await carriesOut(), { code: 0, output: '1 request carried out.\n', errors: '' });
    assert.deepEqual([await due.state(), await waiting.state()], ['carried-out', 'open']);
  });

  it('are carried out once, however often the command runs, also concurrently', async () => {
    await approved('ann@example.org', 2);
    const process = () => runsProgram('src/cli.js', environment(), ['requests', 'carry-out']);
    const outputs = (await Promise.all([process(), process(), process()])).map(({ output }) => output);
    assert.deepEqual(outputs.sort(), [
      '0 requests carried out.\n',
      '0 requests carried out.\n',
      '1 request carried out.\n',
    ]);
    const { services } = portal;
    const { events } = await services.audit.search({
      event: 'reset-request.carried-out',
      page: 1,
      pageSize: 9,
    });
    assert.deepEqual(
      events.map(({ actorLabel, subjectLabel }) => [actorLabel, subjectLabel]),
      [['command line', 'ann@example.org']],
    );
    assert.equal((await carriesOut()).output, '0 requests carried out.\n');
  });
});
