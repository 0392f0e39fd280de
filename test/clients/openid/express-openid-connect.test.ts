import assert from 'node:assert/strict';
import { loadWords } from '../../../src/kernel/i18n.ts';
import { MARIADB } from '../../support/databases.ts';
import { openLynx, withoutScript } from '../browsers.ts';
import { PORTAL } from '../chain.ts';
import { WIKI } from '../names.ts';
import { signsInByPages } from '../steps.ts';
import { expressClient } from './express-app.ts';
import { signsIn } from './signs-in.ts';
import { TLS_FRONT } from './tls-front.ts';

const { client, pagesServed } = expressClient();
const [german, french] = [loadWords().for('de'), loadWords().for('fr')];

signsIn(client, TLS_FRONT, MARIADB, (chain) => {
  it('goes the whole way in Chromium without JavaScript', async () => {
    const member = await chain().member();
    await withoutScript(chain(), german, async (person) => {
      const { page } = person;
      await page.goto(`${WIKI}/`);
      assert.ok(page.url().startsWith(`${PORTAL}/sign-in`), page.url());
      await signsInByPages(person, member, german);
      await page.waitForURL(`${WIKI}/`);
      assert.ok((await person.reads()).includes(`User ${member.email}`), await person.reads());
      await page.getByRole('link', { name: 'Leave' }).click();
      await page.waitForURL(`${PORTAL}/sign-in**`);
      await page.goto(`${WIKI}/`);
      assert.ok(page.url().startsWith(`${PORTAL}/sign-in`), page.url());
    });
  });

  it('signs in by Lynx', async () => {
    const member = await chain().member();
    const lynx = await openLynx(chain(), french, `${WIKI}/`, pagesServed);
    try {
      await lynx.shows(french.t('sign-in.title'));
      await signsInByPages(lynx, member, french);
      await lynx.shows(`User ${member.email}`);
    } finally {
      await lynx.close();
    }
  });
});
