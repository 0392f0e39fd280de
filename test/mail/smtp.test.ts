import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ParsedMail } from 'mailparser';
import { SMTPServer } from 'smtp-server';
import { seconds } from '../../src/kernel/time.ts';
import type { Message, Recipient } from '../../src/mail/message.ts';
import { type SmtpPatience, smtpTransport } from '../../src/mail/smtp-transport.ts';
import type { Transport } from '../../src/mail/transport.ts';
import { type Certificate, selfSigned } from '../support/certificates.ts';
import { codeIn, linkIn, type Mailbox, openMailbox } from '../support/mailbox.ts';
import { settlesWithin } from '../support/until.ts';
import { ANN, codeMessage, NOW, ORIGIN, postOver, TOKEN } from './post-under-test.ts';

const headerNames = (mail: ParsedMail) => mail.headerLines.map(({ key }) => key);

describe('The SMTP transport', () => {
  let mailbox: Mailbox;
  let transport: Transport;
  before(async () => {
    mailbox = await openMailbox();
    transport = smtpTransport(mailbox.url);
  });
  after(async () => {
    transport.close();
    await mailbox.close();
  });

  async function received(
    message: Message,
    to: Recipient = ANN,
    circumstances: Parameters<typeof postOver>[1] = {},
  ): Promise<ParsedMail> {
    assert.equal(await postOver(transport, circumstances).send(to, message), 'taken');
    return mailbox.next(to.email);
  }

  it('delivers a code as plain text that loads nothing', async () => {
    const mail = await received(codeMessage('012345'));
    assert.equal(codeIn(mail), '012345');
    assert.equal(mail.text?.trimEnd().split('\n').at(-1), '@help.example.org #012345');
    assert.equal(mail.html, false);
    assert.deepEqual(mail.attachments, []);
    assert.equal(mail.headers.get('content-language'), 'en');
    assert.equal(mail.headers.get('auto-submitted'), 'auto-generated');
    assert.equal(mail.date?.getTime(), NOW);
    assert.match(mail.messageId ?? '', /^<\S+@example\.org>$/);
  });

  it('delivers every letter of other scripts', async () => {
    const mail = await received(codeMessage('543210'), { ...ANN, locale: 'ar' });
    assert.equal(codeIn(mail), '543210');
    assert.match(mail.text ?? '', /هذا رمزك لتسجيل الدخول/);
    assert.equal(mail.headers.get('content-language'), 'ar');
  });

  it('delivers a link in one piece, whatever its length', async () => {
    const baseUrl = `https://${'a'.repeat(60)}.example.org`;
    const mail = await received({ kind: 'invitation', token: TOKEN, expiresAt: NOW }, ANN, { baseUrl });
    assert.equal(linkIn(mail), `${baseUrl}/invitation?token=${TOKEN}`);
  });

  it('sends in the name of the site, from the address of the environment', async () => {
    const mail = await received(codeMessage(), ANN, { settings: { siteName: 'Söhne & "Töchter"' } });
    assert.deepEqual(mail.from?.value, [{ name: 'Söhne & "Töchter"', address: 'postern@example.org' }]);
  });

  it('sends in the name of the environment, if there is one', async () => {
    const mail = await received(codeMessage(), ANN, {
      mailFrom: { name: 'Desk', address: 'desk@example.org' },
    });
    assert.deepEqual(mail.from?.value, [{ name: 'Desk', address: 'desk@example.org' }]);
  });

  it('sends from the address that an administrator has set', async () => {
    const settings = { sender: 'codes@example.net' };
    const mail = await received(codeMessage(), ANN, {
      settings,
      mailFrom: { name: 'Desk', address: 'd@example.org' },
    });
    assert.deepEqual(mail.from?.value, [{ name: 'Help Center', address: 'codes@example.net' }]);
  });

  it('creates no header from a name, a site or an address with line breaks', async () => {
    const evil = 'x\r\nBcc: evil@example.org\r\nX-Evil: yes\r\n\r\nbody';
    const usual = headerNames(await received(codeMessage()));
    const notice: Message = {
      kind: 'notice',
      notice: 'role changed',
      at: NOW,
      origin: { ...ORIGIN, browser: evil },
      by: 'person',
      about: evil,
    };
    for (const circumstances of [
      { settings: { siteName: evil, helpContact: evil } },
      { mailFrom: { name: evil, address: 'a@example.org' } },
    ]) {
      const mail = await received(notice, { ...ANN, name: evil }, circumstances);
      assert.deepEqual(headerNames(mail).toSorted(), usual.toSorted());
    }
    const post = postOver(transport, { settings: { sender: 'a@example.org\r\nBcc: evil@example.org' } });
    assert.equal(await post.send(ANN, notice), 'failed');
    assert.ok(mailbox.addressees.length > 0);
    assert.ok(!mailbox.addressees.includes('evil@example.org'));
  });

  it('writes to one person only, whatever the address looks like', async () => {
    const before = mailbox.addressees.length;
    for (const email of [
      'ann@example.org, evil@example.org',
      'ann@example.org\r\nRCPT TO:<evil@example.org>',
      'Ann <ann@example.org>, <evil@example.org>',
    ]) {
      await postOver(transport).send({ ...ANN, email }, codeMessage());
    }
    assert.ok(mailbox.addressees.length - before <= 3);
    assert.ok(!mailbox.addressees.includes('evil@example.org'));
  });

  it('delivers many at once', async () => {
    const post = postOver(transport);
    const people = Array.from({ length: 20 }, (_, index) => ({ ...ANN, email: `p${index}@example.org` }));
    const deliveries = await Promise.all(people.map((person) => post.send(person, codeMessage())));
    assert.deepEqual(new Set(deliveries), new Set(['taken']));
    for (const { email } of people) assert.equal(codeIn(await mailbox.next(email)), '012345');
  });

  it('reports "refused" when the server refuses, and "taken" once it accepts mail again', async () => {
    const post = postOver(transport);
    mailbox.refuse(true);
    assert.equal(await post.send(ANN, codeMessage()), 'refused');
    mailbox.refuse(false);
    assert.equal(await post.send(ANN, codeMessage('111111')), 'taken');
    assert.equal(codeIn(await mailbox.next(ANN.email)), '111111');
  });

  it('continues over a new connection when the server was restarted', async () => {
    const first = await openMailbox();
    const restarting = smtpTransport(first.url);
    const post = postOver(restarting);
    assert.equal(await post.send(ANN, codeMessage()), 'taken');
    await first.close();
    assert.equal(await post.send(ANN, codeMessage()), 'failed');
    const again = await openMailbox(Number(new URL(first.url).port));
    assert.equal(await post.send(ANN, codeMessage('222222')), 'taken');
    assert.equal(codeIn(await again.next(ANN.email)), '222222');
    restarting.close();
    await again.close();
  });

  it('accepts nothing more once it is closed', async () => {
    const closed = smtpTransport(mailbox.url);
    const post = postOver(closed);
    closed.close();
    assert.equal(await post.send(ANN, codeMessage()), 'failed');
  });
});

describe('The SMTP transport with a failing mail server', () => {
  const sockets = new Set<Socket>();
  const servers = new Set<Server>();
  afterEach(() => {
    for (const socket of sockets) socket.destroy();
    for (const one of servers) one.close();
    servers.clear();
  });

  async function serverThat(answers: (socket: Socket) => void): Promise<string> {
    const listening = createServer((socket) => {
      sockets.add(socket);
      socket.on('error', () => {});
      answers(socket);
    });
    await new Promise<void>((resolve) => listening.listen(0, '127.0.0.1', resolve));
    servers.add(listening);
    return `smtp://127.0.0.1:${(listening.address() as AddressInfo).port}`;
  }

  async function outcomeAt(url: string, patience?: SmtpPatience, within = seconds(7)) {
    const transport = smtpTransport(url, patience);
    const post = postOver(transport);
    const dispatching = post.dispatch(ANN, codeMessage('012345'));
    assert.ok(await settlesWithin(within, dispatching));
    transport.close();
    return { result: await dispatching, log: post.log.join('') };
  }

  it('reports a failure if the server is not there', async () => {
    const url = await serverThat(() => {});
    for (const one of servers) await new Promise((resolve) => one.close(resolve));
    const { result, log } = await outcomeAt(url);
    assert.equal(result.kind, 'failed');
    assert.match(log, /ECONNREFUSED/);
  });

  it('reports a failure if the server drops the connection', async () => {
    const url = await serverThat((socket) => socket.destroy());
    const { result } = await outcomeAt(url);
    assert.equal(result.kind, 'failed');
  });

  it('reports a failure within seconds if the server never says hello', async () => {
    const url = await serverThat(() => {});
    const outcome = outcomeAt(url);
    assert.equal(await settlesWithin(4500, outcome), false, 'a slow server has its time');
    assert.equal((await outcome).result.kind, 'failed');
  });

  it('reports a failure if the server becomes silent after hello', async () => {
    const url = await serverThat((socket) => socket.write('220 hello\r\n'));
    const patience = { hello: seconds(60), silence: 300, whole: seconds(60) };
    const { result } = await outcomeAt(url, patience);
    assert.equal(result.kind, 'failed');
  });

  it('reports a failure at the end if the server sends its replies byte by byte', async () => {
    const url = await serverThat((socket) => {
      socket.write('220 hello\r\n');
      const trickle = setInterval(() => socket.write('250-wait\r\n'), 50);
      socket.on('close', () => clearInterval(trickle));
    });
    const patience = { hello: seconds(60), silence: seconds(60), whole: 1500 };
    const { result } = await outcomeAt(url, patience);
    assert.equal(result.kind, 'failed');
  });

  /** A server that accepts everything except the command with this beginning; undefined: it does not respond to that. */
  async function serverThatSays(reply: string | undefined, to: string): Promise<string> {
    return serverThat((socket) => {
      let isText = false;
      socket.write('220 hello\r\n');
      socket.on('data', (chunk: Buffer) => {
        const said = String(chunk);
        if (isText && !said.endsWith('\r\n.\r\n')) return;
        const command = isText ? 'the text' : said;
        isText = !isText && said.startsWith('DATA') && to !== 'DATA';
        if (command.startsWith(to)) {
          if (reply !== undefined) socket.write(`${reply}\r\n`);
          return;
        }
        socket.write(isText ? '354 go on\r\n' : '250 fine\r\n');
      });
    });
  }

  for (const [what, reply, to, expected] of [
    ['no such mailbox', '550 5.1.1 nobody of that name', 'RCPT', { kind: 'refused' }],
    ['the content of the mail', '554 5.7.1 looks like spam', 'the text', { kind: 'refused' }],
    ['a mailbox that is temporarily full', '452 4.2.2 later', 'RCPT', { kind: 'failed', everyone: false }],
    ['greylisting, after the text', '451 4.7.1 later', 'the text', { kind: 'failed', everyone: false }],
    ['a server that closes', '421 4.3.2 going down', 'RCPT', { kind: 'failed', everyone: true }],
    ['commands in the wrong order', '503 5.5.1 not now', 'RCPT', { kind: 'failed', everyone: false }],
    ['our sender', '550 5.7.1 not in your name', 'MAIL', { kind: 'failed', everyone: true }],
  ] as const) {
    it(`understands a reply about ${what}: ${JSON.stringify(expected)}`, async () => {
      const { result } = await outcomeAt(await serverThatSays(reply, to));
      assert.ok(result.kind !== 'taken');
      const { reason, ...rest } = result;
      assert.deepEqual(rest, expected);
      assert.equal(reason, reply);
    });
  }

  it('treats a wrong password as an error of the installation, which can be repaired', async () => {
    const url = await serverThat((socket) => {
      socket.write('220 hello\r\n');
      socket.on('data', (chunk: Buffer) => {
        const isHello = String(chunk).startsWith('EHLO');
        socket.write(isHello ? '250-fine\r\n250 AUTH PLAIN\r\n' : '535 5.7.8 wrong\r\n');
      });
    });
    const { result, log } = await outcomeAt(url.replace('smtp://', 'smtp://ann:s3cret-word@'));
    assert.deepEqual(result, { kind: 'failed', reason: '535 5.7.8 wrong', everyone: true });
    assert.doesNotMatch(log, /s3cret-word/);
  });

  describe('with an untrusted certificate', () => {
    let folder: string;
    let server: SMTPServer;
    let port: number;
    let own: Certificate;
    before(async () => {
      folder = mkdtempSync(join(tmpdir(), 'postern-mail-'));
      own = selfSigned(folder);
      const [cert, key] = [own.certificate, own.key].map((file) => readFileSync(file));
      server = new SMTPServer({ authOptional: true, cert, key, logger: false });
      server.on('error', () => {});
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()));
      port = (server.server.address() as AddressInfo).port;
    });
    after(async () => {
      await new Promise<void>((resolve) => server.close(() => resolve()));
      rmSync(folder, { recursive: true });
    });

    it('reports it as an error of the installation, with what to do, and not as a refusal by the server', async () => {
      for (const query of ['', '?requireTLS=true']) {
        const { result, log } = await outcomeAt(`smtp://127.0.0.1:${port}${query}`);
        assert.ok(result.kind === 'failed' && result.everyone, JSON.stringify(result));
        assert.match(
          result.reason,
          /^The certificate of the mail server is not trusted \(self-signed certificate\)\. /,
        );
        assert.match(result.reason, /NODE_EXTRA_CA_CERTS.*\?ignoreTLS=true.*\?tls\.rejectUnauthorized=false/);
        assert.match(log, /is not trusted/);
      }
    });

    it('sends mail over plain text, or unverified, if SMTP_URL says so', async () => {
      for (const query of ['?ignoreTLS=true', '?tls.rejectUnauthorized=false']) {
        const { result } = await outcomeAt(`smtp://127.0.0.1:${port}${query}`);
        assert.deepEqual(result, { kind: 'taken' }, query);
      }
    });
  });

  it('reports that there is no encryption if it is required', async () => {
    const url = await serverThat((socket) => {
      socket.write('220 hello\r\n');
      socket.on('data', (chunk: Buffer) => {
        socket.write(String(chunk).startsWith('EHLO') ? '250 fine\r\n' : '502 not here\r\n');
      });
    });
    const { result } = await outcomeAt(`${url}?requireTLS=true`);
    assert.ok(result.kind === 'failed' && result.everyone);
    assert.match(result.reason, /encrypted connection|502/);
  });

  it("returns the server's reason in one short line, without the code and without other people's addresses", async () => {
    const { result, log } = await outcomeAt(
      await serverThatSays(
        `550 5.1.1 <Ann@example.org>: 012345? \x1b[31m\u202Emoved to <boss@private.example> ${'x'.repeat(300)}`,
        'RCPT',
      ),
    );
    assert.ok(result.kind === 'refused');
    assert.match(result.reason, /^550 5\.1\.1 <Ann@example\.org>: \[…\]\? \[31m .*moved to <…> x+$/);
    assert.equal(result.reason.length, 200);
    assert.doesNotMatch(log, /boss|012345|Ann@|x{250}/);
  });

  it('logs the reason without the code, also if the server quotes the mail', async () => {
    const { result, log } = await outcomeAt(
      await serverThatSays('554 5.7.1 I do not like "@help.example.org #012345"', 'MAIL'),
    );
    assert.equal(result.kind, 'failed');
    assert.match(log, /"responseCode":554/);
    assert.match(log, /I do not like/);
    assert.match(log, /a•••@example\.org/);
    assert.doesNotMatch(log, /012345|ann@example\.org|someone else may know/);
  });

  it('reports an unknown result when the server becomes silent after the whole letter, and not before', async () => {
    const patience = { hello: 200, silence: 300, whole: 5000 };
    for (const [silentAt, expected] of [
      ['the text', 'unconfirmed'],
      ['DATA', 'failed'],
    ] as const) {
      const { result } = await outcomeAt(await serverThatSays(undefined, silentAt), patience);
      assert.equal(result.kind, expected, silentAt);
    }
  });

  it('hands a letter over once when the connection breaks before the last response', async () => {
    const mailbox = await openMailbox();
    const transport = smtpTransport(mailbox.url);
    const post = postOver(transport);
    assert.equal(await post.send(ANN, codeMessage('111111')), 'taken');
    mailbox.behave('drops');
    const result = await post.dispatch(ANN, codeMessage('222222'));
    assert.equal(result.kind, 'unconfirmed');
    await new Promise((resolve) => setTimeout(resolve, 500));
    assert.deepEqual(mailbox.messages.map(codeIn), ['111111', '222222']);
    transport.close();
    await mailbox.close();
  });
});
