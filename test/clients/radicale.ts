import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { spawnLogged, started } from '../deploy/proxies.ts';
import { freePort } from '../support/free-port.ts';
import { requireTool } from '../support/tools.ts';
import { documented } from './recipes.ts';

/** A program that people are signed in to. */
export interface RunningApp {
  /** `127.0.0.1:PORT` */
  readonly address: string;
  stop(): Promise<void>;
}

/** Starts Debian's Radicale as its page in docs/apps says. */
export async function startRadicale(folder: string): Promise<RunningApp> {
  const own = join(folder, 'radicale');
  mkdirSync(own, { recursive: true });
  const port = await freePort();
  const address = `127.0.0.1:${port}`;
  const file = join(own, 'config');
  const settings = documented('radicale.md', 'ini').replace('127.0.0.1:8080', address);
  writeFileSync(file, `${settings}\n[storage]\nfilesystem_folder = ${join(own, 'collections')}\n`);
  const stop = await started(spawnLogged(requireTool('radicale'), ['--config', file], own), port);
  return { address, stop };
}
