import type { Logger } from 'pino';
import { emailKey, maskEmail } from '../accounts/account.ts';
import type { Carriage, Carrier, Letter } from '../post/letter.ts';
import { oneLine } from './plain-text.ts';
import { type Transport, Unanswered } from './transport.ts';

/** In characters. */
const LONGEST_REASON = 200;

/** Carries letters over a transport, writes each try to the log, and tells a refusal from what may pass. */
export function carrierOver(transport: Transport, logger: Logger): Carrier {
  return {
    async carry(letter, kind) {
      const facts = { mail: kind, id: letter.id, to: maskEmail(letter.to) };
      try {
        await transport.carry(letter);
      } catch (error) {
        const fault = faultOf(error instanceof Unanswered ? error.cause : error);
        const carriage = carriageOf(fault, letter, error instanceof Unanswered);
        const { code, command, responseCode } = fault;
        // The log knows people by less than their address.
        const message = carriage.reason.replace(new RegExp(RegExp.escape(letter.to), 'gi'), facts.to);
        logger.error({ ...facts, fault: { code, command, responseCode, message } }, SAID[carriage.kind]);
        return carriage;
      }
      logger.info(facts, 'mail accepted');
      return { kind: 'taken' };
    },
    close: () => transport.close(),
    cut: () => transport.cut(),
  };
}

const SAID = {
  refused: 'mail refused',
  unanswered: 'mail not delivered yet',
  failed: 'mail not delivered yet',
} as const;

/** What nodemailer says of an error: `command` is the one that failed, "API" where none was sent. */
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

function carriageOf(
  fault: Fault,
  letter: Letter,
  isUnanswered: boolean,
): Exclude<Carriage, { kind: 'taken' }> {
  const reason = readable(fault, letter);
  if (isUnanswered) return { kind: 'unanswered', reason };
  if (isForGood(fault)) return { kind: 'refused', reason };
  return { kind: 'failed', reason, everyone: !isAboutLetter(fault) };
}

/**
 * RFC 5321 §4.2.1: a reply of 5xx to the recipient or to the text is for good (but for 503, which complains of the
 * order of commands). To anything else (the password, the sender) it speaks of our set-up, which somebody may mend.
 */
function isForGood(fault: Fault): boolean {
  if (fault.code === 'EENVELOPE' && fault.command === 'API') return true;
  const reply = Number(fault.responseCode);
  return isAboutLetter(fault) && reply >= 500 && reply !== 503;
}

function isAboutLetter({ command, responseCode }: Fault): boolean {
  // 421: the server closes the connection, whoever it is.
  return (command === 'RCPT TO' || command === 'DATA') && Number(responseCode) >= 400 && responseCode !== 421;
}

/**
 * What an administrator may read: the server's words in one line, without the code or link that it may quote and
 * without anybody else's address.
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
