import { createTransport } from 'nodemailer';
import { seconds } from '../kernel/time.ts';
import { mailOptions, type Transport, Unconfirmed } from './transport.ts';

/** Timeouts for a mail server, in milliseconds. */
export interface SmtpPatience {
  /** Each: name lookup, connection, greeting. */
  readonly hello: number;
  /** Between two replies. */
  readonly silence: number;
  /** For the whole delivery: a server that sends its replies byte by byte is never silent, and a person waits for the page. */
  readonly whole: number;
}

const PATIENCE: SmtpPatience = { hello: seconds(5), silence: seconds(10), whole: seconds(15) };

/** Sends letters to the mail server at an `smtp:` or `smtps:` URL, whose query may contain nodemailer's options. */
export function smtpTransport(url: string, patience: SmtpPatience = PATIENCE): Transport {
  const server = createTransport({
    url,
    pool: true,
    // A pooled connection may be dead: one more try on a new one.
    maxRequeues: 1,
    dnsTimeout: patience.hello,
    connectionTimeout: patience.hello,
    greetingTimeout: patience.hello,
    socketTimeout: patience.silence,
  });
  /** Message-IDs of mails under way whose text was sent completely. */
  const gone = new Set<string>();
  server.use('stream', ({ message, data }, done) => {
    const createReadStream = message.createReadStream.bind(message);
    message.createReadStream = () => createReadStream().once('end', () => gone.add(String(data.messageId)));
    done();
  });
  return {
    async dispatch(letter) {
      const options = mailOptions(letter);
      try {
        await server.sendMail({ ...options, signal: AbortSignal.timeout(patience.whole) });
      } catch (error) {
        throw gone.has(options.messageId) && !isReply(error) ? new Unconfirmed('', { cause: error }) : error;
      } finally {
        gone.delete(options.messageId);
      }
    },
    close() {
      server.close();
    },
    abort() {
      server.close({ force: true });
    },
  };
}

/** Whether the error is a reply of the server. */
function isReply(error: unknown): boolean {
  return error instanceof Error && 'responseCode' in error && typeof error.responseCode === 'number';
}
