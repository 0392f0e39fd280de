import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { App } from '../../../apps/app.ts';

/** The one source of the recipes; tests run the proxies with them. */
const FOLDER = path.join(import.meta.dirname, '../../../../deploy');

/** Each proxy with the files of its recipe. */
const FILES = {
  nginx: ['guard/nginx.conf', 'nginx/upstream.conf'],
  Caddy: ['guard/Caddyfile'],
  Traefik: ['guard/traefik.yaml'],
  HAProxy: ['guard/haproxy.cfg', 'guard/haproxy-postern.lua'],
  Apache: ['guard/apache.conf', 'guard/apache-postern.lua'],
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
  return FILES[proxy].map((file) => ({
    name: path.basename(file),
    text: readFileSync(path.join(FOLDER, file), 'utf8').replace(EXAMPLE, () => hostname),
  }));
}
