import assert from 'node:assert/strict';
import { SECOND_FACTOR_RULE } from '../../src/limits/failure-backoff.ts';
import { onPortal } from '../support/portal.ts';
import { givesPassword } from '../support/steps.ts';
import { askStored } from '../support/stored.ts';
import {
  codesLeft,
  givesAppCode,
  isSignedIn,
  thiefOf,
  trustsBrowser,
  victimOf,
  victimWithCodes,
} from '../support/victim.ts';

onPortal('An attacker while the database refuses some writes', (portal) => {
  /** Runs `work` while inserts into this table fail if the condition holds. */
  async function refusing(table: string, condition: string, work: () => Promise<void>): Promise<void> {
    const trigger = `create trigger broken before insert on ${table} when ${condition}
      begin select raise(abort, 'refused'); end`;
    await askStored(portal(), (db) => db.raw(trigger));
    try {
      await work();
    } finally {
      await askStored(portal(), (db) => db.raw('drop trigger broken'));
    }
  }

  it('gets no extra guesses at a code while refusals cannot be written', async () => {
    const vera = await victimOf(portal());
    const thief = await thiefOf(portal(), vera);
    await refusing('audit_events', "new.event = 'second-step.refused'", async () => {
      for (let guess = 1; guess <= SECOND_FACTOR_RULE.from; guess += 1) {
        await thief.visits('/sign-in/code');
        thief.fillsIn('Verification Code', vera.app.code(portal().now(), 100 + guess));
        await thief.presses('Continue');
        assert.equal(thief.page.status, 500);
      }
    });
    assert.notEqual(await portal().services.secondStep.waiting(vera.account), undefined);
  });

  it('costs nobody a recovery code or an app’s code if the sign-in cannot be written', async () => {
    const vera = await victimWithCodes(portal());
    const browser = await thiefOf(portal(), vera);
    const [code = ''] = vera.recoveryCodes;
    const types = async () => {
      await browser.visits('/sign-in/code/recovery');
      browser.fillsIn('Recovery code', code);
      await browser.presses('Continue');
    };
    await refusing('sign_ins', 'true', async () => {
      await types();
      assert.equal(browser.page.status, 500);
    });
    assert.equal(await codesLeft(portal(), vera.account), 10);
    await types();
    assert.ok(isSignedIn(browser), browser.page.heading);
    assert.equal(await codesLeft(portal(), vera.account), 9);

    const other = await thiefOf(portal(), vera);
    await refusing('sign_ins', 'true', async () => {
      await givesAppCode(portal(), other, vera.app);
      assert.equal(other.page.status, 500);
    });
    await other.visits('/sign-in/code');
    other.fillsIn('Verification Code', vera.app.code(portal().now()));
    await other.presses('Continue');
    assert.ok(isSignedIn(other), other.page.heading);
  });

  it('does not make owners look like thieves of their own trusted browser if the session cannot be stored', async () => {
    const vera = await victimOf(portal());
    const browser = await trustsBrowser(portal(), vera);
    await browser.presses('Sign out');
    portal().wait(60_000);
    await browser.visits('/sign-in');
    await refusing('sessions', 'true', async () => {
      await givesPassword(browser, vera.email);
      assert.equal(browser.page.status, 500);
    });
    await browser.visits('/sign-in');
    await givesPassword(browser, vera.email);
    assert.ok(isSignedIn(browser), browser.page.heading);
    const { total } = await portal().services.audit.search({
      ...{ event: 'trusted-browser.replayed', subjectId: vera.account.id, page: 1, pageSize: 1 },
    });
    assert.equal(total, 0);
  });
});
