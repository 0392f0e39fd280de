import assert from 'node:assert/strict';
import request from 'supertest';
import { newUserOf, onGuardedApps } from '../support/guarded-apps.ts';

const TOKEN = 'a-token-of-at-least-thirty-two-characters';

onGuardedApps(
  'A check of an app',
  (apps) => {
    it('is a line of the log and a measured request, like a page', async () => {
      const ann = await newUserOf(apps(), apps().wiki);
      const before = apps().portal.log().length;
      await ann.check('/secret?page');
      await ann.check('/', { Cookie: undefined });
      await ann.checkByNginx();
      const lines = apps()
        .portal.log()
        .slice(before)
        .split('\n')
        .flatMap((line) => (line.includes('"msg":"request"') ? [JSON.parse(line)] : []));
      assert.deepEqual(
        lines.map(({ method, path, status }) => [method, path, status]),
        [
          ['GET', '/guard/forward-auth', 200],
          ['GET', '/guard/forward-auth', 303],
          ['GET', '/guard/auth-request', 200],
        ],
      );
      for (const { requestId, milliseconds } of lines) {
        assert.match(requestId, /^[\da-f-]{36}$/);
        assert.ok(Number.isInteger(milliseconds));
      }
      const { text } = await request(apps().portal.app).get('/metrics').auth(TOKEN, { type: 'bearer' });
      const count = (labels: string) =>
        text.split('\n').find((line) => line.startsWith(`postern_request_seconds_count{${labels}}`));
      assert.match(count('route="/guard/forward-auth",method="GET",status="2xx"') ?? '', / 1$/);
      assert.match(text, /^postern_app_checks_total\{outcome="allowed"\} 2$/m);
    });
  },
  { METRICS_TOKEN: TOKEN },
);
