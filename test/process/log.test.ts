import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { codeIn, linkIn, type Mailbox, openMailbox } from '../support/mailbox.ts';
import { Person } from '../support/person.ts';
import { PASSWORD } from '../support/portal.ts';
import { givesPassword, scansQrCode } from '../support/steps.ts';
import { endAll, type RunningServer, startsServer } from './running-server.ts';

describe('The log', () => {
  let folder: string;
  let mailbox: Mailbox;
  let server: RunningServer;
  const email = 'ann@example.org';
  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'postern-process-'));
    mailbox = await openMailbox();
    server = await startsServer({ DATA_DIR: folder, SMTP_URL: mailbox.url, LOG_LEVEL: 'trace' });
  });
  after(async () => {
    await server.stop();
    endAll();
    await mailbox.close();
    rmSync(folder, { recursive: true, force: true });
  });

  it('has every request, and no password, code, secret, cookie or token', async () => {
    const [setupLine, setupLink = ''] = await server.logged(
      /"[^"]*(http:\/\/localhost:\d+\/setup\?token=[\w-]+)"/,
    );
    const secrets = new Set<string>([PASSWORD]);
    const ann = new Person(server.app, server.options);
    const noteSession = () => {
      for (const value of ann.cookies.values())
        secrets.add(value).add(decodeURIComponent(value).slice(2, 34));
      const token = ann.page.$('input[name=_csrf]').first().attr('value');
      if (token) secrets.add(token);
    };
    await ann.visits(setupLink);
    noteSession();
    ann.fillsIn('Site name', 'Acorn Help');
    ann.fillsIn('Your name', 'Ann Example');
    ann.fillsIn('Email', email);
    ann.fillsIn('Password', PASSWORD);
    await ann.presses('Set up the site');

    await ann.visits('/sign-in');
    await givesPassword(ann, email, 'a wrong password that somebody typed');
    secrets.add('a wrong password that somebody typed');
    await givesPassword(ann, email);
    noteSession();
    await ann.visits('/profile/two-factor');
    await ann.follow('Set up email authentication');
    ann.fillsIn('Authenticator Name', 'Mail');
    await ann.presses('Send Verification Code');
    const code = codeIn(await mailbox.next(email));
    secrets.add(code);
    ann.fillsIn('Verification Code', code);
    await ann.presses('Submit Code and Create');
    await ann.visits('/profile/two-factor');
    await ann.follow('Set up authentication app');
    const app = await scansQrCode(ann);
    secrets.add(app.entry.secret).add(app.code(Date.now()));
    ann.fillsIn('Authenticator Name', 'Phone');
    ann.fillsIn('Verification Code', app.code(Date.now()));
    await ann.presses('Submit Code and Create');
    noteSession();

    const ben = new Person(server.app, server.options);
    await ben.visits('/forgotten-password');
    ben.fillsIn('Email', email);
    await ben.presses(ben.page.buttons.at(-1) ?? '');
    let mail = await mailbox.next(email);
    while (!mail.text?.includes('?token=')) mail = await mailbox.next(email);
    const reset = linkIn(mail);
    secrets.add(new URL(reset).searchParams.get('token') ?? '');
    assert.equal((await ben.visits(reset)).status, 200);
    const answer = await ben.submitsRaw(
      'GET',
      '/sign-in?token=t0ken-in-a-query&code=987654',
      {},
      { csrf: 'none' },
    );
    assert.equal(answer.status, 200);
    secrets.add('t0ken-in-a-query').add('987654');

    const { output } = await server.stop();
    const lines = output.trimEnd().split('\n');
    for (const line of lines) assert.match(JSON.parse(line).time, /^\d{4}-\d\d-\d\dT.*Z$/);
    assert.ok(lines.some((line) => /"method":"POST","path":"\/sign-in","status":303/.test(line)));
    assert.ok(lines.some((line) => /"path":"\/reset-password","status":200/.test(line)));
    const rest = lines.filter((line) => !line.includes(setupLine)).join('\n');
    secrets.add(new URL(setupLink).searchParams.get('token') ?? '');
    assert.ok(secrets.size > 12);
    for (const secret of secrets) {
      assert.ok(secret.length >= 6, 'something to look for');
      assert.ok(!rest.includes(secret), `the log holds ${secret}`);
    }
  });
});
