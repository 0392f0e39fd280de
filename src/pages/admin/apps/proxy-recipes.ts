import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { App } from '../../../apps/app.ts';

/** The one source of the recipes; tests run the proxies with them. */
const FOLDER = path.join(import.meta.dirname, '../../../../deploy/guard');

/** Each proxy with the files of its recipe. */
const FILES = {
  nginx: ['nginx.conf'],
  Caddy: ['Caddyfile'],
  Traefik: ['traefik.yaml'],
  HAProxy: ['haproxy.cfg', 'haproxy-postern.lua'],
  Apache: ['apache.conf', 'apache-postern.lua'],
} as const;

export type ProxyName = keyof typeof FILES;
export const PROXIES = Object.keys(FILES) as readonly ProxyName[];

export interface RecipeFile {
  readonly name: string;
  readonly text: string;
}

/** The host in the recipes. */
const EXAMPLE = /wiki\.example\.org/g;

/** The configuration of a proxy, with the app's host name filled in. */
export function recipeFor(proxy: ProxyName, { origin }: Pick<App, 'origin'>): readonly RecipeFile[] {
  const { hostname } = new URL(origin);
  return FILES[proxy].map((name) => ({
    name,
    text: readFileSync(path.join(FOLDER, name), 'utf8').replace(EXAMPLE, () => hostname),
  }));
}
