import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '../support/free-port.ts';
import { endAll, type RunningServer, runsProgram, startsServer } from './running-server.ts';

describe('The metrics on their own port', () => {
  let folder: string;
  let port: number;
  let server: RunningServer;
  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'postern-process-'));
    port = await freePort();
    server = await startsServer(environment());
  });
  after(() => {
    endAll();
    rmSync(folder, { recursive: true, force: true });
  });

  const environment = () => ({ DATA_DIR: folder, HOST: '0.0.0.0', METRICS_PORT: String(port) });

  it('are available for this machine, for no other one without a token, and not on the port of the site', async () => {
    const answer = await fetch(`http://127.0.0.1:${port}/metrics`);
    assert.equal(answer.status, 200);
    assert.match(await answer.text(), /^postern_part_up\{part="database"\} 1$/m);
    assert.equal((await fetch(`${server.url}/metrics`)).status, 404);
    // Another address of the machine, as used on a network.
    assert.equal((await fetch(server.url.replace('127.0.0.1', '127.0.0.2'))).status, 200);
    await assert.rejects(fetch(`http://127.0.0.2:${port}/metrics`));
  });

  it("do not block the operator's commands or the end of the server", async () => {
    assert.equal((await runsProgram('src/cli.js', environment(), ['user', 'list'])).code, 0);
    assert.equal((await server.stop()).code, 0);
    await assert.rejects(fetch(`http://127.0.0.1:${port}/metrics`));
  });
});
