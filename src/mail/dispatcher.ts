import type { Logger } from 'pino';
import { emailKey, maskEmail } from '../kernel/email-address.ts';
import type { DispatchResult, Letter, MailDispatcher } from './letter.ts';
import { oneLine } from './plain-text.ts';
import { composed, type Transport, Unconfirmed } from './transport.ts';

/** In characters. */
const LONGEST_REASON = 200;

/** Sends letters over a transport, logs each try, and tells a permanent refusal from a temporary failure. */
export function dispatcherOver(transport: Transport, logger: Logger): MailDispatcher {
  return {
    async dispatch(letter, kind) {
      const facts = { mail: kind, id: letter.id, to: maskEmail(letter.to) };
      try {
        await transport.dispatch(letter);
      } catch (error) {
        const fault = faultOf(error instanceof Unconfirmed ? error.cause : error);
        const result = resultOf(fault, letter, error instanceof Unconfirmed);
        const { code, command, responseCode } = fault;
        // Addresses are masked in logs.
        const message = result.reason.replace(new RegExp(RegExp.escape(letter.to), 'gi'), facts.to);
        logger.error({ ...facts, fault: { code, command, responseCode, message } }, SAID[result.kind]);
        return result;
      }
      logger.info(facts, 'mail accepted');
      return { kind: 'taken' };
    },
    pretend: (letter) => composed(letter).then(() => {}),
    close: () => transport.close(),
    abort: () => transport.abort(),
  };
}

const SAID = {
  refused: 'mail refused',
  unconfirmed: 'mail not delivered yet',
  failed: 'mail not delivered yet',
} as const;

/** The fields of nodemailer's errors: `command` is the SMTP command that failed, "API" if none was sent. */
interface Fault {
  readonly code?: unknown;
  readonly command?: unknown;
  readonly responseCode?: unknown;
  readonly response?: unknown;
  readonly message: string;
}

function faultOf(error: unknown): Fault {
  return error instanceof Error ? error : { message: 'unknown' };
}

function resultOf(
  fault: Fault,
  letter: Letter,
  isUnconfirmed: boolean,
): Exclude<DispatchResult, { kind: 'taken' }> {
  const reason = ownRefusal(fault) ?? readable(fault, letter);
  if (isUnconfirmed) return { kind: 'unconfirmed', reason };
  if (isForGood(fault)) return { kind: 'refused', reason };
  return { kind: 'failed', reason, everyone: !isAboutLetter(fault) };
}

/**
 * RFC 5321 §4.2.1: a 5xx reply to the recipient or to the text is permanent, except 503 (bad sequence of commands). A 5xx
 * reply to anything else (the password, the sender) is about our configuration, which can be corrected.
 */
function isForGood(fault: Fault): boolean {
  if (fault.code === 'EENVELOPE' && fault.command === 'API') return true;
  const reply = Number(fault.responseCode);
  return isAboutLetter(fault) && reply >= 500 && reply !== 503;
}

function isAboutLetter({ command, responseCode }: Fault): boolean {
  // 421 closes the connection and says nothing about the letter.
  return (command === 'RCPT TO' || command === 'DATA') && Number(responseCode) >= 400 && responseCode !== 421;
}

/** Messages of OpenSSL and Node for a certificate that is not trusted, or is for another name. */
const UNTRUSTED = /certificate|altnames|unable to (?:get|verify)/i;

/**
 * The reason where the portal itself broke off, with what to do about it; undefined for a reply of the server. OpenSSL's
 * message alone reads as if the server had refused the mail.
 */
function ownRefusal({ code, message, responseCode }: Fault): string | undefined {
  if (responseCode !== undefined) return undefined;
  if (UNTRUSTED.test(message)) {
    return (
      `The certificate of the mail server is not trusted (${oneLine(message).split(';', 1)[0]?.slice(0, 80)}). Name its authority in NODE_EXTRA_CA_CERTS, ` +
      'and the host in SMTP_URL as in the certificate. On this machine or a network of your own: end SMTP_URL with ?ignoreTLS=true (plain text) or ?tls.rejectUnauthorized=false.'
    );
  }
  if (code === 'ETLS') {
    return `There is no encrypted connection to the mail server (${oneLine(message).split(';', 1)[0]?.slice(0, 80)}). SMTP_URL is smtps:// for TLS from the start, smtp:// for STARTTLS.`;
  }
  return undefined;
}

/**
 * The server's reply as administrators see it: one line, without the code or token that it may quote, and without other
 * people's addresses.
 */
function readable({ response, message }: Fault, { secret, to }: Letter): string {
  const said = oneLine(typeof response === 'string' ? response : message);
  const discreet = secret === null ? said : said.replaceAll(secret, '[…]');
  return discreet
    .replace(/[^\s<>()"',;:]+@[^\s<>()"',;]+/g, (address) =>
      emailKey(address) === emailKey(to) ? address : '…',
    )
    .slice(0, LONGEST_REASON);
}
