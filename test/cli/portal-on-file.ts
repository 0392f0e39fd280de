import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openPortal, type TestPortal } from '../support/portal.ts';
import { type Ran, runs } from './command-line.ts';

/** A portal on a SQLite file, with the command line beside it: both read what the other has written. */
export interface PortalOnFile {
  readonly portal: () => TestPortal;
  /** The folder with the database, for files that a test makes. */
  readonly folder: () => string;
  readonly environment: () => Readonly<Record<string, string>>;
  readonly command: (...args: readonly string[]) => Promise<Ran>;
}

/** A new portal for each test of this suite. */
export function usePortalOnFile(baseUrl = 'https://help.example.org'): PortalOnFile {
  let folder = '';
  let portal: TestPortal;
  const environment = () => ({
    DATABASE_URL: `sqlite:${join(folder, 'portal.sqlite')}`,
    DATA_DIR: folder,
    BASE_URL: baseUrl,
  });
  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'postern-cli-'));
    portal = await openPortal('database', environment());
  });
  afterEach(async () => {
    await portal.close();
    rmSync(folder, { recursive: true, force: true });
  });
  return {
    portal: () => portal,
    folder: () => folder,
    environment,
    command: (...args) => runs(environment(), args),
  };
}
