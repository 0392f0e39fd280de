import assert from 'node:assert/strict';
import { parse } from 'csv-parse/sync';
import { groupWith } from '../support/policies.ts';
import { onPortal } from '../support/portal.ts';
import { knocksOn } from '../support/router.ts';
import { enrolsApp, newEmail, signsInFully, victimOf } from '../support/victim.ts';

const FORMULAS = [
  '=HYPERLINK("http://evil.example","Click")',
  '+1+cmd|x',
  '-2+3+cmd|x',
  '@SUM(1,1)',
  '＝1+1',
  '"=1+1"',
];

onPortal("An attacker whose name, or whose group's, is a formula", (portal) => {
  it('computes nothing in any file for spreadsheets', async () => {
    const administrator = await victimOf(portal(), { role: 'administrator' });
    for (const name of FORMULAS) {
      const { accounts, authenticators } = portal().services;
      const account = await portal().account(newEmail('mallory'), 'member', name);
      await enrolsApp(portal(), account);
      const [phone] = await authenticators.of(account.id);
      await authenticators.rename(account.id, phone?.id ?? '', name);
      await accounts.rename(account.id, name);
      await groupWith(portal(), { rule: 'optional' }, [account], name);
    }
    const person = await signsInFully(portal(), administrator);
    const addresses = knocksOn(portal().app, [administrator.account.id])
      .filter(({ method }) => method === 'GET')
      .flatMap(({ address }) => [address, `${address}?format=csv`]);
    const cells: string[] = [];
    let files = 0;
    for (const address of addresses) {
      const { headers, html } = await person.loads(address);
      if (!(headers['content-type'] ?? '').startsWith('text/csv')) continue;
      files += 1;
      assert.match(headers['content-disposition'] ?? '', /^attachment/, address);
      for (const cell of parse(html, { relax_column_count: true }).flat()) {
        assert.doesNotMatch(cell, /^\s*[=+\-@＝＋－＠\t\r]/, `${address}: ${cell}`);
        cells.push(cell);
      }
    }
    assert.ok(files > 0);
    for (const name of FORMULAS)
      assert.ok(
        cells.some((cell) => cell.includes(name)),
        `${name} is in no file`,
      );
  });
});
