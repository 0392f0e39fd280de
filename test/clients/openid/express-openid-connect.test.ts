import assert from 'node:assert/strict';
import { loadWords } from '../../../src/kernel/i18n.ts';
import { MARIADB } from '../../support/databases.ts';
import { withoutScript } from '../browsers.ts';
import { PORTAL } from '../chain.ts';
import { WIKI } from '../names.ts';
import { signsInByPages } from '../steps.ts';
import { expressClient } from './express-app.ts';
import { signsIn } from './signs-in.ts';
import { TLS_FRONT } from './tls-front.ts';

const german = loadWords().for('de');

signsIn(expressClient(), TLS_FRONT, MARIADB, (chain) => {
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
});
