import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { COUNTERS } from '../../src/metrics/counters.ts';
import { figuresIn } from '../support/figures.ts';
import { openPortal } from '../support/portal.ts';
import { requireTool } from '../support/tools.ts';

const DEPLOY = join(import.meta.dirname, '../../deploy');
const ALERTS = join(DEPLOY, 'prometheus/alerts.yaml');
const dashboard = z
  .object({
    panels: z.array(
      z.object({
        id: z.number(),
        type: z.string(),
        title: z.string().min(1),
        gridPos: z.object({ x: z.number(), y: z.number(), w: z.number(), h: z.number() }),
        targets: z.array(z.object({ expr: z.string().min(1) })).default([]),
      }),
    ),
  })
  .parse(JSON.parse(readFileSync(join(DEPLOY, 'grafana/postern.json'), 'utf8')));
const expressions = dashboard.panels.flatMap(({ targets }) => targets.map(({ expr }) => expr));

describe('The monitoring files in deploy', () => {
  let folder: string;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'postern-watching-'));
  });
  after(() => rmSync(folder, { recursive: true }));

  const promtool = (...args: readonly string[]) =>
    execFileSync(requireTool('promtool'), args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });

  function written(name: string, text: string): string {
    const path = join(folder, name);
    writeFileSync(path, text);
    return path;
  }

  it('have a configuration that Prometheus accepts', () => {
    const config = join(DEPLOY, 'prometheus/prometheus.yaml');
    assert.match(promtool('check', 'config', '--syntax-only', config), /SUCCESS/);
    assert.match(promtool('check', 'rules', ALERTS), /SUCCESS: 14 rules found/);
  });

  it('raise alerts when something is wrong, and none while all is well', () => {
    const cases = readFileSync(join(import.meta.dirname, 'alerts.yaml'), 'utf8');
    const suite = written('alerts.yaml', `rule_files: ["${ALERTS}"]\n${cases}`);
    assert.match(promtool('test', 'rules', suite), /SUCCESS/);
  });

  it('have queries that Prometheus understands', () => {
    const rules = expressions.map((expr, index) => ({
      record: `panel:${index}`,
      expr: expr.replaceAll('$__rate_interval', '5m').replaceAll('$instance', '.*'),
    }));
    assert.ok(rules.length > 15);
    const file = written('panels.yaml', JSON.stringify({ groups: [{ name: 'panels', rules }] }));
    assert.match(promtool('check', 'rules', file), new RegExp(`SUCCESS: ${rules.length} rules found`));
  });

  it('use existing metrics, with their labels and values', async () => {
    const portal = await openPortal('database', { METRICS_PORT: '9464' });
    portal.services.measures?.request({ route: '/', method: 'GET', status: 200, milliseconds: 1 });
    const text = (await portal.services.measures?.read([]))?.text ?? '';
    await portal.close();
    const figures = [...figuresIn(text).keys()];
    const asked = [...expressions, readFileSync(ALERTS, 'utf8')].join('\n');
    const selectors = [...asked.matchAll(/\b((?:postern|process|nodejs)_\w+)(?:\{([^}]*)\})?/g)];
    assert.ok(selectors.length > 30, `${selectors.length}`);
    for (const [, name = '', matchers = ''] of selectors) {
      const series = figures.filter((one) => one === name || one.startsWith(`${name}{`));
      assert.ok(series.length > 0, name);
      for (const [, label = '', value = ''] of matchers.matchAll(/(\w+)!?="([^"$]*)"/g)) {
        if (label === 'job' || label === 'status' || label === 'route') continue;
        assert.ok(
          series.some((one) => one.includes(`${label}="${value}"`)),
          `${name}{${label}="${value}"}`,
        );
      }
    }
    const counted = Object.keys(COUNTERS).filter((name) => asked.includes(`postern_${name}_total`));
    assert.deepEqual(counted, Object.keys(COUNTERS), 'and everything that is counted is shown');
  });

  it('have panels side by side, each with its own number', () => {
    const { panels } = dashboard;
    assert.equal(new Set(panels.map(({ id }) => id)).size, panels.length);
    const cells = panels.flatMap(({ gridPos: { x, y, w, h } }) =>
      Array.from({ length: w * h }, (_, index) => `${x + (index % w)},${y + Math.floor(index / w)}`),
    );
    assert.equal(new Set(cells).size, cells.length);
    assert.ok(panels.every(({ gridPos: { x, w } }) => x + w <= 24));
  });
});
