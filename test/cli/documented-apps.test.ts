import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { OPERATOR } from '../support/portal.ts';
import { usePortalOnFile } from './portal-on-file.ts';

const FOLDER = join(import.meta.dirname, '../../docs/apps');

/** An app as a page of docs/apps describes it: by what is entered on the form, and by a command. */
interface Documented {
  readonly page: string;
  /** The addresses in the rows of the table for Postern's form. */
  readonly addresses: readonly string[];
  readonly command: readonly string[];
}

/** Each table "in Postern" with the command after it. */
function documented(page: string): Documented[] {
  const text = readFileSync(join(FOLDER, page), 'utf8');
  const sections = text.matchAll(/\| in Postern .*\n((?:\|.*\n)+)\n```sh\npostern (app create [^`]+)```/g);
  return [...sections].map(([, table = '', command = '']) => ({
    page,
    addresses: [...table.matchAll(/`(https:[^`]+)`/g)].map(([, address = '']) => address),
    command: command.replaceAll('\\\n', ' ').split(/\s+/).filter(Boolean),
  }));
}

const ALL = readdirSync(FOLDER).flatMap(documented);

describe('The apps of the documents', () => {
  const { portal, command: run } = usePortalOnFile();

  beforeEach(async () => {
    for (const group of ['Agents', 'Staff']) await run('group', 'create', group);
  });

  it('are connected by the commands on their pages, with the addresses of the table above', async () => {
    assert.ok(ALL.length >= 14, `${ALL.length} commands`);
    for (const { page, addresses, command } of ALL) {
      const [, , name = ''] = command;
      const ran = await run(...command);
      assert.equal(ran.code, 0, `${page}: ${ran.errors}`);
      const app = await portal().services.apps.findByName(name);
      assert.ok(app, page);
      const stored = JSON.stringify(app);
      const missing = addresses.filter((address) => !stored.includes(`"${address}"`));
      // Deskpro has a second callback, for agents.
      const others =
        page === 'deskpro.md' ? missing.filter((one) => !one.includes('/user_sources/')) : missing;
      assert.deepEqual(others, [], `${page} has them in its table alone`);
      // Some pages have two ways for one app.
      await portal().services.apps.remove(app, OPERATOR);
    }
  });

  it('keep PKCE, but where a page says why not', async () => {
    const waived = ALL.filter(({ command }) => command.join(' ').includes('--pkce off'));
    assert.deepEqual(waived.map(({ page }) => page).toSorted(), ['glpi.md', 'osticket.md']);
  });
});
