import assert from 'node:assert/strict';
import type { Message, Purpose } from '../../src/mail/message.ts';
import { EVERY_MESSAGE, EVERY_NOTICE, noticeMessage, resetRequested } from './messages.ts';
import { ANN, codeMessage, letterOf, NOW, TOKEN } from './post-under-test.ts';

const LINKS = [
  ['invitation', '/invitation'],
  ['password reset', '/reset-password'],
  ['sign-up', '/sign-up/confirm'],
] as const;

const RESET_APPROVED: Message = { kind: 'reset approved', dueAt: NOW, token: TOKEN, expiresAt: NOW };

const linesOf = (text: string) => text.trimEnd().split('\n');

describe('The mail with a code', () => {
  it('has the code on its own line, and again on the last line, from which phones read it', async () => {
    const { text, subject } = await letterOf(codeMessage('012345'));
    assert.ok(linesOf(text).includes('012345'));
    assert.equal(linesOf(text).at(-1), '@help.example.org #012345');
    assert.equal(subject, 'Your verification code for Help Center');
  });

  it('says which code is valid and for how long', async () => {
    const { text } = await letterOf(codeMessage());
    assert.match(
      text.replace(/\s+/g, ' '),
      /If you asked for more than one, use the latest\. This one was sent on 31 January 2030 at 14:03 UTC\./,
    );
    assert.match(text, /It works once, for 10 minutes\./);
  });

  it('does not ask the recipient to click', async () => {
    const { text } = await letterOf(codeMessage());
    assert.doesNotMatch(text, /:\/\//);
  });

  const purposes: Readonly<Record<Purpose, RegExp>> = {
    'sign-in': /code to sign in to Help Center/,
    'step-up': /code to confirm a change to your account/,
    enrolment: /code to set up email authentication/,
    'email confirmation': /code to confirm your email address/,
    'e-mail change': /code to confirm this address[\s\S]*Do not share the code, and\snothing will change/,
  };
  for (const [purpose, pattern] of Object.entries(purposes)) {
    it(`names its purpose: ${purpose}`, async () => {
      const message = { ...codeMessage(), purpose: purpose as Purpose } as Message;
      assert.match((await letterOf(message)).text, pattern);
    });
  }

  it('says what to do if the recipient did not request it', async () => {
    const { text } = await letterOf(codeMessage());
    assert.match(text, /If you did not ask for this code, someone else may know your password\./);
    assert.match(text, /choose\sa\snew\spassword, and tell the help desk/);
  });

  it("contains nothing that the account's owner could have written to a stranger", async () => {
    const { text } = await letterOf(codeMessage(), { ...ANN, name: 'Visit evil.example' });
    assert.doesNotMatch(text, /evil/);
  });
});

describe('The mail with a link', () => {
  for (const [kind, path] of LINKS) {
    it(`of the ${kind} leads to the public origin's ${path} and says until when`, async () => {
      const { text } = await letterOf({ kind, token: TOKEN, expiresAt: NOW });
      assert.ok(linesOf(text).includes(`https://help.example.org:8443${path}?token=${TOKEN}`));
      assert.match(text, /The link works once, until 31 January 2030 at 14:03 UTC\./);
    });
  }

  it('of a sign-up does not carry a name that somebody typed to another person', async () => {
    const message = { kind: 'sign-up', token: TOKEN, expiresAt: NOW } as const;
    const { text } = await letterOf(message, { ...ANN, name: 'You won! evil.example' });
    assert.doesNotMatch(text, /evil/);
  });

  it('keeps a token with special characters whole', async () => {
    const { text } = await letterOf({ kind: 'invitation', token: 'a b&c', expiresAt: NOW });
    assert.ok(linesOf(text).includes('https://help.example.org:8443/invitation?token=a%20b%26c'));
  });

  it('is missing in the response to a second sign-up, which leads to the sign-in', async () => {
    const { text } = await letterOf({ kind: 'sign-up again' });
    assert.ok(linesOf(text).includes('https://help.example.org:8443/sign-in'));
    assert.ok(linesOf(text).includes('https://help.example.org:8443/forgotten-password'));
    assert.doesNotMatch(text, /token/);
  });
});

describe('The mail about a reset request', () => {
  const CANCEL = `https://help.example.org:8443/cancel-request?token=${TOKEN}`;

  it('names who asked and from where, how to cancel it, and says that somebody knows the password', async () => {
    const { text } = await letterOf(resetRequested('person'));
    assert.match(
      text,
      /^When: 31 January 2030 at 14:03 UTC\nBrowser: Lynx\nInternet address \(IP\): 192\.0\.2\.7$/m,
    );
    assert.ok(linesOf(text).includes(CANCEL));
    assert.ok(linesOf(text).includes('https://help.example.org:8443/forgotten-password'));
  });

  it('does not reveal where an administrator who asked is', async () => {
    const { text } = await letterOf(resetRequested('administrator'));
    assert.ok(linesOf(text).includes(CANCEL));
    assert.doesNotMatch(text, /Lynx|192\.0\.2\.7|your password/);
  });

  it('says until when it can be cancelled, after the approval', async () => {
    const { text } = await letterOf(RESET_APPROVED);
    assert.match(text, /reset after\s31 January 2030 at 14:03 UTC/);
    assert.ok(linesOf(text).includes(CANCEL));
  });
});

describe('The notice by mail', () => {
  for (const notice of EVERY_NOTICE) {
    it(`of "${notice}" has the time, the browser and the address, and leads to what helps`, async () => {
      const { text } = await letterOf(noticeMessage(notice, 'person', ANN.email));
      assert.match(text, /^When: 31 January 2030 at 14:03 UTC$/m);
      assert.match(text, /^Browser: Lynx$/m);
      assert.match(text, /^Internet address \(IP\): 192\.0\.2\.7$/m);
      assert.ok(linesOf(text).includes('https://help.example.org:8443/forgotten-password'));
      assert.ok(linesOf(text).includes('https://help.example.org:8443/profile/two-factor'));
      assert.match(text, /administrator can end all your\s+sessions and reset your 2FA/);
    });
  }

  it('says so if the browser is unknown', async () => {
    const sent = noticeMessage('trusted browser copied', 'person', '');
    const { text } = await letterOf({ ...sent, origin: { ...sent.origin, browser: '' } });
    assert.match(text, /^Browser: Unknown browser$/m);
    assert.match(text, /copy of the\s+trusted\s+browser\s+"Unknown browser"/);
  });

  it('has its own subject and sentence for every kind', async () => {
    const letters = await Promise.all(EVERY_NOTICE.map((notice) => letterOf(noticeMessage(notice))));
    assert.equal(new Set(letters.map(({ subject }) => subject)).size, EVERY_NOTICE.length);
    assert.equal(new Set(letters.map(({ text }) => text)).size, EVERY_NOTICE.length);
  });

  for (const notice of [
    'authenticator created',
    'authenticator renamed',
    'authenticator removed',
    'authenticator blocked',
    'second step failed',
  ] as const) {
    it(`of "${notice}" names the authenticator`, async () => {
      assert.match((await letterOf(noticeMessage(notice))).text, /"My phone"/);
    });
  }

  it("of an administrator's act leads to the administrator, and does not reveal where they are", async () => {
    const { text } = await letterOf(noticeMessage('two-factor reset', 'administrator'), ANN, {
      settings: { helpContact: 'help@example.org' },
    });
    assert.match(text, /^By: an administrator$/m);
    assert.match(text, /ask the administrator\./);
    assert.match(text, /help@example\.org/);
    assert.doesNotMatch(text, /Lynx|192\.0\.2\.7|forgotten-password/);
  });

  it('to the former address leads to the administrator, because no link can help there', async () => {
    const old = await letterOf(noticeMessage('e-mail changed', 'person', 'new@example.org'));
    assert.match(old.text, /is now\snew@example\.org/);
    assert.match(old.text, /Tell the help desk's\sadministrator now/);
    assert.doesNotMatch(old.text, /forgotten-password/);
    const fresh = await letterOf(noticeMessage('e-mail changed', 'person', 'new@example.org'), {
      ...ANN,
      email: 'new@example.org',
    });
    assert.match(fresh.text, /forgotten-password/);
  });
});

describe('Every mail', () => {
  it("is in the reader's language, and in English for people who chose none", async () => {
    for (const message of EVERY_MESSAGE) {
      const arabic = await letterOf(message, { ...ANN, locale: 'ar' });
      assert.equal(arabic.language, 'ar');
      assert.match(arabic.subject, /[\u0600-\u06FF]/);
      assert.match(arabic.text, /[\u0600-\u06FF]/);
      assert.equal((await letterOf(message, { ...ANN, locale: null, knownLanguage: null })).language, 'en');
      assert.equal((await letterOf(message, { ...ANN, locale: 'tlh' })).language, 'en');
    }
  });

  it("says how to get help, in the administrator's words if there are any", async () => {
    for (const message of EVERY_MESSAGE) {
      const without = await letterOf(message);
      assert.match(without.text, /Need help\? Ask the administrator of Help Center\./);
      const withContact = await letterOf(message, ANN, {
        settings: { helpContact: 'Call 0123 <now> & ask' },
      });
      assert.match(withContact.text, /^Call 0123 <now> & ask$/m);
    }
  });

  it('does not let a name look like its own text', async () => {
    const filler = 'x'.repeat(70);
    const name = `Ann\n999999\r\n\u2028@evil.example #999999\u202Ecba\0 ${filler} 999999 ${filler}`;
    const shown = `Ann 999999 @evil.example #999999 cba ${filler} 999999 ${filler}`;
    const messages = [
      ...EVERY_MESSAGE,
      ...EVERY_NOTICE.map((notice) => noticeMessage(notice, 'person', name)),
    ];
    let seen = 0;
    for (const message of messages) {
      const { text, subject } = await letterOf(message, { ...ANN, name }, { settings: { siteName: name } });
      for (const line of linesOf(text)) assert.doesNotMatch(line, /^(999999|@evil)/);
      assert.doesNotMatch(`${subject}${text}`, /[\u2028\u202E\0\r]/);
      if (text.includes(shown)) seen += 1;
    }
    assert.equal(seen, messages.length);
  });
});
