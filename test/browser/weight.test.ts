import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { load } from 'cheerio';
import express from 'express';
import { loadAssets } from '../../src/web/assets.ts';
import { send } from '../support/sending.ts';
import { allStates } from './states/all.ts';
import type { State } from './states/studio.ts';

/** What arrives in the first round trip of a connection: ten segments (RFC 6928). Bytes. */
const MOST_BYTES = 14 * 1024;
const MOST_REQUESTS = 3;

const PUBLIC = path.join(import.meta.dirname, '../../public');

/** The first view of a page, with an empty cache. Bytes as sent, compressed by gzip if used. */
interface Weight {
  readonly name: string;
  readonly page: number;
  /** Stylesheet, script and other resources of the page, by address. */
  readonly parts: ReadonlyMap<string, number>;
  readonly total: number;
}

describe('The weight of a page', () => {
  let weights: readonly Weight[];
  before(async () => {
    const { states } = await allStates();
    weights = await Promise.all(states.map(weigh));
    process.stdout.write(table(weights));
  });

  it(`is ${MOST_BYTES} bytes at most in every state, with stylesheet, script and pictures`, () => {
    const tooHeavy = weights.filter(({ total }) => total > MOST_BYTES);
    assert.ok(weights.length > 200);
    assert.deepEqual(tooHeavy, []);
    // A measured size of nothing would always be small enough.
    for (const { page, parts } of weights) assert.ok(Math.min(page, ...parts.values()) > 500);
  });

  it(`is loaded in ${MOST_REQUESTS} requests at most, the icon included`, () => {
    for (const { name, parts } of weights) {
      assert.ok(parts.size + 1 <= MOST_REQUESTS, `${name}: ${[...parts.keys()].join(', ')}`);
      assert.ok(parts.size >= 2, name);
    }
  });

  it('includes everything: a stylesheet or a script loads nothing else', () => {
    const style = readFileSync(path.join(PUBLIC, 'style.css'), 'utf8');
    assert.doesNotMatch(style, /url\(|@import/);
    const script = readFileSync(path.join(PUBLIC, 'enhance.js'), 'utf8');
    assert.doesNotMatch(script, /import|fetch|XMLHttpRequest|\.src\b/);
  });
});

const assets = express().use(loadAssets(PUBLIC).middleware);

async function weigh({ name, headers, html }: State): Promise<Weight> {
  const page = Number(headers['content-length']);
  const addresses = [...new Set(addressesIn(html))];
  const parts = new Map(await Promise.all(addresses.map(async (one) => [one, await sizeOf(one)] as const)));
  const total = [...parts.values()].reduce((sum, bytes) => sum + bytes, page);
  return { name, page, parts, total };
}

/** What a browser loads for the page by itself; without an icon it would request /favicon.ico. */
function addressesIn(html: string): string[] {
  const $ = load(html);
  assert.equal($('link[rel=icon]').length, 1);
  const fetched = $('link[href]:not([rel=canonical]), [src], [srcset], [poster], [data]').toArray();
  const addresses = fetched.map((element) => $(element).attr('href') ?? $(element).attr('src') ?? '?');
  return addresses.filter((address) => !address.startsWith('data:'));
}

const sizes = new Map<string, Promise<number>>();

function sizeOf(address: string): Promise<number> {
  const size = sizes.get(address) ?? measured(address);
  sizes.set(address, size);
  return size;
}

async function measured(address: string): Promise<number> {
  const { status, headers } = await send(assets, {
    method: 'GET',
    path: address,
    headers: { 'Accept-Encoding': 'gzip' },
  });
  assert.equal(status, 200, address);
  return Number(headers['content-length']);
}

/** The heaviest state of each part of the site, the heaviest part first. */
function table(weights: readonly Weight[]): string {
  const byPart = Map.groupBy(weights, ({ name }) => name.split('/')[0] ?? '');
  const heaviest = [...byPart.values()].map((all) => all.toSorted((a, b) => b.total - a.total)[0]);
  const rows = heaviest
    .filter((one) => one !== undefined)
    .toSorted((a, b) => b.total - a.total)
    .map(({ name, page, parts, total }) => [name, page, ...parts.values(), total, parts.size + 1]);
  const head = ['page in its heaviest state', 'page', 'style', 'script', 'bytes', 'requests'];
  const lines = [head, ...rows].map(([name, ...numbers]) => {
    return `  ${String(name).padEnd(34)}${numbers.map((number) => String(number).padStart(9)).join('')}`;
  });
  return `\n${lines.join('\n')}\n\n`;
}
