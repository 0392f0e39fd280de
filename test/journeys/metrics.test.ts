import assert from 'node:assert/strict';
import { createApp, createMetricsApp } from '../../src/app.ts';
import { signInPathOf } from '../../src/apps/signed-hand-over.ts';
import { hashToken } from '../../src/kernel/identifiers.ts';
import { minutes } from '../../src/kernel/time.ts';
import { signedRequest } from '../support/fake-desk-formats.ts';
import { figuresIn, increases, ownSeries } from '../support/figures.ts';
import { Person } from '../support/person.ts';
import { OPERATOR, openPortal, type TestPortal } from '../support/portal.ts';
import { type App, send } from '../support/sending.ts';
import { newSignedApp } from '../support/signed-apps.ts';
import { givesPassword, signsIn } from '../support/steps.ts';
import { enrolsEmail, givesAppCode, mailedCode, newEmail, victimWithCodes } from '../support/victim.ts';

const TOKEN = 'a-token-of-more-than-thirty-two-characters';

describe('The metrics', () => {
  let portal: TestPortal;
  before(async () => {
    portal = await openPortal('database', { METRICS_TOKEN: TOKEN });
  });
  after(() => portal.close());

  const asks = (authorization?: string, app: App = portal.app) =>
    send(app, { method: 'GET', path: '/metrics', headers: authorization ? { authorization } : {} });

  async function figures(): Promise<ReadonlyMap<string, number>> {
    const answer = await asks(`Bearer ${TOKEN}`);
    assert.equal(answer.status, 200);
    return figuresIn(answer.body.toString());
  }

  /** The changes of metrics with this prefix during the work. */
  async function added(prefix: string, work: () => Promise<unknown>) {
    const before = await figures();
    await work();
    const all = Object.entries(increases(before, await figures()));
    return Object.fromEntries(all.filter(([series]) => series.startsWith(`postern_${prefix}`)));
  }

  it('are for requests with the token, and say nothing to anybody else', async () => {
    for (const authorization of [undefined, 'Bearer', `Bearer ${TOKEN}x`, `Basic ${TOKEN}`, 'Bearer  ']) {
      const answer = await asks(authorization);
      assert.equal(answer.status, 401, authorization);
      assert.equal(answer.headers['www-authenticate'], 'Bearer realm="metrics"');
      assert.equal(answer.body.length, 0);
    }
    const answer = await asks(`Bearer ${TOKEN}`);
    assert.match(answer.headers['content-type'] ?? '', /^text\/plain; version=0\.0\.4/);
    assert.equal(answer.headers['cache-control'], 'no-store');
    assert.match(answer.body.toString(), /^process_resident_memory_bytes \d+$/m);
    assert.equal(answer.setCookies.size, 0);
  });

  it('are off unless they are enabled', async () => {
    const silent = await openPortal('database');
    assert.equal((await asks(`Bearer ${TOKEN}`, silent.app)).status, 404);
    assert.equal(createMetricsApp(silent.services), undefined);
    await silent.close();
  });

  it('are not on the public port if they have their own', async () => {
    for (const token of [undefined, TOKEN]) {
      const services = {
        ...portal.services,
        site: { ...portal.services.site, metrics: { port: 9464, token } },
      };
      assert.equal((await asks(`Bearer ${TOKEN}`, createApp(services))).status, 404);
      const own = createMetricsApp(services);
      assert.ok(own);
      assert.equal((await asks(undefined, own)).status, token ? 401 : 200);
      assert.equal((await asks(`Bearer ${TOKEN}`, own)).status, 200);
      assert.equal((await new Person(own).loads('/sign-in')).status, 404);
    }
  });

  it('count sign-ins by their outcome, and throttled passwords', async () => {
    const email = newEmail('ann');
    await portal.account(email);
    const counted = await added('', async () => {
      const ann = new Person(portal.app);
      await ann.visits('/sign-in');
      for (let count = 0; count < 6; count += 1) await givesPassword(ann, email, 'a wrong password');
      portal.wait(minutes(1));
      await signsIn(portal, email);
    });
    assert.equal(counted['postern_sign_ins_total{outcome="password_refused"}'], 5);
    assert.equal(counted['postern_sign_ins_total{outcome="throttled"}'], 1);
    assert.equal(counted['postern_throttled_total{what="password"}'], 1);
    assert.equal(counted['postern_sign_ins_total{outcome="password_accepted"}'], 1);
    assert.equal(counted['postern_sign_ins_total{outcome="completed"}'], 1);
  });

  it('count second steps by method and outcome', async () => {
    const vera = await victimWithCodes(portal);
    const counted = await added('second_steps', async () => {
      const person = await signsIn(portal, vera.email);
      person.fillsIn('Verification Code', '000000');
      await person.presses('Continue');
      await givesAppCode(portal, person, vera.app);
      const lost = await signsIn(portal, vera.email);
      await lost.follow('Use a recovery code');
      lost.fillsIn('Recovery code', 'AAAA-AAAA-AAAA-AAAA');
      await lost.presses('Continue');
      lost.fillsIn('Recovery code', vera.recoveryCodes[0] ?? '');
      await lost.presses('Continue');
      const email = newEmail('eve');
      await enrolsEmail(portal, await portal.account(email));
      const eve = await signsIn(portal, email);
      eve.fillsIn('Verification Code', await mailedCode(portal, email));
      await eve.presses('Continue');
    });
    assert.deepEqual(counted, {
      'postern_second_steps_total{method="app",outcome="refused"}': 1,
      'postern_second_steps_total{method="app",outcome="accepted"}': 1,
      'postern_second_steps_total{method="recovery_code",outcome="refused"}': 1,
      'postern_second_steps_total{method="recovery_code",outcome="accepted"}': 1,
      'postern_second_steps_total{method="email",outcome="accepted"}': 1,
    });
  });

  it('count checks of apps and hand-overs by their outcome', async () => {
    const ann = await portal.account(newEmail('ann'));
    await signsIn(portal, ann.email);
    const { apps, appSignIns, handOvers, signIns } = portal.services;
    const demand = {
      audience: 'everybody',
      proof: 'none',
      freshMinutes: null,
      confirmsEmail: false,
    } as const;
    const wiki = {
      ...demand,
      name: 'Wiki',
      origin: 'https://wiki.example.org',
      kind: 'host',
      remoteUser: 'email',
    } as const;
    const created = await apps.create(wiki, OPERATOR);
    assert.ok(created.kind === 'created' && created.app.kind === 'host');
    const { app } = created;
    const [signIn] = await signIns.of(ann);
    const bound = { accountId: ann.id, signInId: signIn?.id ?? '', nonceHash: hashToken('nonce'), path: '/' };
    const counted = await added('', async () => {
      const code = await handOvers.issue({ app, ...bound });
      const redeem = (host: string) => handOvers.redeem({ code, host, nonces: ['nonce'] }, OPERATOR.origin);
      await redeem('other.example.org');
      const redeemed = await redeem(app.host);
      await redeem(app.host);
      assert.ok(redeemed.kind === 'signed in');
      await appSignIns.check(app.host, redeemed.cookie);
      await appSignIns.check(app.host, undefined);
      await appSignIns.check('other.example.org', redeemed.cookie);
      await apps.update(app.id, { ...wiki, audience: [] }, OPERATOR);
      await appSignIns.check(app.host, redeemed.cookie);
    });
    for (const outcome of ['allowed', 'signed_out', 'unknown_host', 'refused']) {
      assert.equal(counted[`postern_app_checks_total{outcome="${outcome}"}`], 1, outcome);
    }
    for (const outcome of ['issued', 'signed_in', 'unusable', 'unknown_host']) {
      assert.equal(counted[`postern_hand_overs_total{outcome="${outcome}"}`], 1, outcome);
    }
  });

  it('count signed hand-overs, and why others were not signed', async () => {
    const app = await newSignedApp(portal, 'discourse', 'https://forum.example.org');
    const [secret = ''] = await portal.services.appSecrets.of(app);
    const ann = newEmail('ann');
    await portal.account(ann);
    const person = await signsIn(portal, ann);
    const asks = (url: string, key = secret) => {
      const { sso, sig } = signedRequest({ secret: key }, { nonce: 'n', return_sso_url: url });
      return person.visits(`${signInPathOf(app.id)}?${new URLSearchParams({ sso, sig })}`);
    };
    const counted = await added('signed_hand_overs', async () => {
      await asks('https://forum.example.org/session/sso_login');
      await asks('https://forum.example.org/session/sso_login', 'another');
      await asks('https://evil.example/');
      await portal.services.appSecrets.drop(app);
      await asks('https://forum.example.org/session/sso_login');
    });
    const outcomes = ['signed', 'bad_signature', 'elsewhere', 'no_secret'];
    assert.deepEqual(
      counted,
      Object.fromEntries(outcomes.map((name) => [`postern_signed_hand_overs_total{outcome="${name}"}`, 1])),
    );
  });

  it('count nothing that was rolled back', async () => {
    const nobody = { ...(await portal.account(newEmail('ann'))), id: 'nobody' };
    const counted = await added('sign_ins', () =>
      assert.rejects(portal.services.completion.complete(nobody, OPERATOR, []), /FOREIGN KEY/),
    );
    assert.deepEqual(counted, {});
  });

  it('measure requests by the route pattern of their page, whatever the path', async () => {
    const ada = newEmail('ada');
    const { id } = await portal.account(ada, 'administrator');
    const admin = await signsIn(portal, ada);
    const before = await figures();
    await admin.visits(`/admin/people/${id}`);
    const grown = ownSeries(await figures());
    for (let count = 0; count < 30; count += 1) {
      await admin.loads(`/admin/people/${id}${count}`);
      await admin.loads(`/${count}.php?token=secret${count}`);
      await send(portal.app, { method: count % 2 ? 'PROPFIND' : 'MKCOL', path: `/${count}`, headers: {} });
    }
    const { body } = await asks(`Bearer ${TOKEN}`);
    assert.doesNotMatch(body.toString(), new RegExp(`${id}|secret\\d|php|PROPFIND|${ada}`));
    const after = figuresIn(body.toString());
    const more = increases(before, after);
    const count = (labels: string) => more[`postern_request_seconds_count{${labels}}`];
    assert.equal(count('route="/admin/people/:id",method="GET",status="2xx"'), 1);
    assert.equal(count('route="/admin/people/:id",method="GET",status="4xx"'), 30);
    assert.equal(count('route="none",method="GET",status="4xx"'), 30);
    assert.equal(count('route="none",method="other",status="4xx"'), 30);
    // Three kinds of requests, each with nine buckets, the last one, a sum and a count.
    assert.ok(ownSeries(after) - grown <= 3 * 12, `${ownSeries(after) - grown} more`);
  });

  it('have the number of waiting mails, of late ones, and the results of the tries', async () => {
    const ann = await portal.account(newEmail('ann'));
    await portal.deliver();
    assert.equal((await figures()).get('postern_mail_queue{state="waiting"}'), 0);
    portal.mailbox.behave('defers');
    const counted = await added('mail_', async () => {
      await portal.services.administration.endSessions(ann, OPERATOR);
      await portal.delivered();
      portal.wait(minutes(16));
    });
    assert.deepEqual(counted, {
      'postern_mail_tries_total{mail="other",outcome="failed"}': 1,
      'postern_mail_queue{state="waiting"}': 1,
      'postern_mail_queue{state="late"}': 1,
      postern_mail_queue_oldest_seconds: counted['postern_mail_queue_oldest_seconds'],
    });
    assert.ok(Math.abs((counted['postern_mail_queue_oldest_seconds'] ?? 0) - 16 * 60) < 10);
    portal.mailbox.behave('takes');
    await portal.deliver();
    const all = await figures();
    assert.equal(all.get('postern_mail_queue{state="waiting"}'), 0);
    assert.equal(all.get('postern_mail_queue_oldest_seconds'), 0);
  });

  it('are available without the database: they report its outage, and have no values for the mail', async () => {
    const other = await openPortal('database', { METRICS_TOKEN: TOKEN });
    const { app } = other;
    await other.close();
    const { status, body } = await asks(`Bearer ${TOKEN}`, app);
    const all = figuresIn(body.toString());
    assert.equal(status, 200);
    assert.equal(all.get('postern_part_up{part="database"}'), 0);
    assert.ok((all.get('postern_part_failures_total{part="database"}') ?? 0) >= 1);
    assert.doesNotMatch(body.toString(), /^postern_mail_queue/m);
    assert.equal((await figures()).get('postern_part_up{part="database"}'), 1);
  });

  it('count failed calls of the session store', async () => {
    const other = await openPortal('redis', { METRICS_TOKEN: TOKEN });
    const person = new Person(other.app);
    await person.visits('/sign-in');
    const { services } = other;
    await other.close();
    assert.equal((await person.loads('/sign-in')).status, 503);
    const text = (await services.measures?.read(['database']))?.text ?? '';
    // The session that could not be read, and the error page, which checked the cause.
    assert.equal(figuresIn(text).get('postern_part_failures_total{part="sessions"}'), 2);
  });

  it('count checks of apps that got no answer', async () => {
    const other = await openPortal('database', { METRICS_TOKEN: TOKEN });
    const { services } = other;
    await other.close();
    await assert.rejects(services.appSignIns.check('wiki.example.org', 'cookie'));
    const text = (await services.measures?.read(['database']))?.text ?? '';
    assert.equal(figuresIn(text).get('postern_app_checks_total{outcome="failed"}'), 1);
  });
});
