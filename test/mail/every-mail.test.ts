import assert from 'node:assert/strict';
import type { ParsedMail } from 'mailparser';
import { loadWords, type MessageKey, type Words } from '../../src/kernel/i18n.ts';
import type { Message } from '../../src/mail/message.ts';
import { smtpTransport } from '../../src/mail/smtp-transport.ts';
import type { Transport } from '../../src/mail/transport.ts';
import { type Mailbox, openMailbox } from '../support/mailbox.ts';
import { outsideTexts, PSEUDO, pseudoWords } from '../support/pseudo-locale.ts';
import { EVERY_MESSAGE, nameOf } from './messages.ts';
import { ANN, letterOf, NOW } from './post-under-test.ts';

const ORIGIN = 'https://help.example.org:8443';

/** Advice for recipients who did not cause the mail (lesson: "change your password" alone is useless advice). */
function adviceIn(message: Message): readonly MessageKey[] {
  switch (message.kind) {
    case 'code':
      return message.purpose === 'e-mail change' ? ['mail.code-address-unasked'] : ['mail.code-unasked'];
    case 'invitation':
      return ['mail.invitation-unexpected'];
    case 'password reset':
      return ['mail.password-reset-unasked'];
    case 'sign-up':
      return ['mail.sign-up-unasked'];
    case 'sign-up again':
      return ['mail.sign-up-again-unasked'];
    case 'address taken':
      return ['mail.address-taken-unasked'];
    case 'reset approved':
      return ['mail.reset-approved-cancel'];
    case 'two-factor reminder':
      return ['mail.reminder-no-code'];
    case 'reset requested':
      return message.by === 'person'
        ? ['mail.reset-requested-not-you', 'mail.reset-cancel', 'mail.notice-password']
        : ['mail.reset-requested-not-wanted'];
    case 'notice':
      if (message.by === 'administrator') return ['mail.notice-unexpected'];
      if (message.notice === 'e-mail changed') return ['mail.notice-address-gone'];
      return ['mail.notice-not-you', 'mail.notice-two-factor', 'mail.notice-locked-out'];
  }
}

const linesOf = (text: string) => text.trimEnd().split('\n');
const solid = (text: string) => text.replace(/[\s\u2068\u2069]/g, '');

/** Columns in a monospaced font, in which East Asian characters are twice as wide. */
function columnsOf(line: string): number {
  const seen = Array.from(line.replace(/[\p{M}\p{Cf}]/gu, ''));
  return (
    seen.length + seen.filter((letter) => /[\u3000-\u30FF\u4E00-\u9FFF\uFF01-\uFF60]/u.test(letter)).length
  );
}

describe('Every mail that the portal writes', () => {
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

  /** As a mail server receives it. */
  async function arrived(message: Message, locale: string, words?: Words): Promise<ParsedMail> {
    const letter = await letterOf(message, { ...ANN, locale }, words ? { words } : {});
    await transport.dispatch(letter);
    const mail = await mailbox.next(ANN.email);
    assert.equal(mail.text, letter.text, 'nothing is lost on the way');
    return mail;
  }

  for (const { code: locale, name } of loadWords().locales) {
    describe(`in ${name}`, () => {
      const { t } = loadWords().for(locale);
      const mails = new Map<Message, ParsedMail>();
      before(async () => {
        for (const message of EVERY_MESSAGE) mails.set(message, await arrived(message, locale));
      });

      function each(check: (mail: ParsedMail, text: string, message: Message) => void): void {
        assert.equal(mails.size, EVERY_MESSAGE.length);
        for (const [message, mail] of mails) {
          try {
            check(mail, mail.text ?? '', message);
          } catch (error) {
            throw new Error(`${nameOf(message)}\n\n${mail.subject}\n\n${mail.text}`, { cause: error });
          }
        }
      }

      it('tells mail programs what it is, and that a machine wrote it', () => {
        each(({ headers, date, messageId }) => {
          assert.equal(headers.get('content-language'), locale);
          assert.equal(headers.get('auto-submitted'), 'auto-generated');
          assert.equal(date?.getTime(), NOW);
          assert.match(messageId ?? '', /^<[^@<>\s]+@([a-z]+\.)?example\.org>$/);
        });
        assert.equal(new Set([...mails.values()].map(({ messageId }) => messageId)).size, mails.size);
      });

      it('is plain text, and loads nothing', () => {
        each(({ headers, html, attachments }, text) => {
          const type = headers.get('content-type');
          assert.equal(typeof type === 'object' && 'value' in type && type.value, 'text/plain');
          assert.equal(html, false);
          assert.deepEqual(attachments, []);
          const addresses = text.match(/\w+:\/\/\S+/g) ?? [];
          assert.ok(
            addresses.every((address) => address.startsWith(`${ORIGIN}/`)),
            addresses.join(' '),
          );
        });
      });

      it('has a subject that says in one line what it is, without a code or link', () => {
        each(({ subject = '' }) => {
          assert.match(subject, /\p{L}/u);
          assert.ok(columnsOf(subject) <= 78, subject);
          assert.doesNotMatch(subject, /\d{6}|:\/\/|[{}<>\n]/);
        });
      });

      it('has lines that fit, one blank line between paragraphs, and a link or code alone on its line', () => {
        each((_mail, text, message) => {
          for (const line of linesOf(text)) assert.ok(columnsOf(line) <= 72 || line.startsWith(ORIGIN), line);
          assert.doesNotMatch(text, /\n{3}|[ \t]\n|^\s|undefined|\{\{|<\/|&amp;|&#|[^\P{Cc}\n]/u);
          for (const line of linesOf(text)) assert.match(line, /^https:\/\/\S+$|^(?!.*:\/\/)/);
          if (message.kind !== 'code') return;
          const withCode = linesOf(text).filter((line) => line.includes(message.code));
          assert.deepEqual(withCode, [message.code, `@help.example.org #${message.code}`]);
        });
      });

      it('says what to do if the recipient did not request it', () => {
        each((_mail, text, message) => {
          for (const key of adviceIn(message)) {
            // The first words are enough: another test checks the inserted values.
            const [start = ''] = t(key).split('{{');
            assert.ok(solid(text).includes(solid(start)), start);
          }
        });
      });
    });
  }

  it('takes all its text from the catalogue', async () => {
    for (const message of EVERY_MESSAGE) {
      const mail = await arrived(message, PSEUDO, pseudoWords());
      const outside = [mail.subject ?? '', mail.text ?? ''].flatMap(outsideTexts);
      const hardWired = outside.filter(
        (text) => /\p{L}/u.test(text) && !/^(@help\.example\.org #\d{6}|https:\/\/\S+)$/.test(text),
      );
      assert.deepEqual(hardWired, [], nameOf(message));
    }
  });
});
