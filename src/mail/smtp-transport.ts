import { createTransport } from 'nodemailer';
import { seconds } from '../time.ts';
import { mailOptions, type Transport, Unanswered } from './transport.ts';

/** How long a mail server is waited for; milliseconds. */
export interface SmtpPatience {
  /** Until its name is found, until it is reached, and until it says hello: each. */
  readonly hello: number;
  /** Between one reply and the next. */
  readonly silence: number;
  /** For all of it: a server that trickles its replies is never silent, and a person waits for the page. */
  readonly whole: number;
}

const PATIENCE: SmtpPatience = { hello: seconds(5), silence: seconds(10), whole: seconds(15) };

/** Hands letters to the mail server at an `smtp:` or `smtps:` URL, whose query may hold nodemailer's options. */
export function smtpTransport(url: string, patience: SmtpPatience = PATIENCE): Transport {
  const server = createTransport({
    url,
    pool: true,
    // A connection that was kept open may turn out dead: then once more on a new one.
    maxRequeues: 1,
    dnsTimeout: patience.hello,
    connectionTimeout: patience.hello,
    greetingTimeout: patience.hello,
    socketTimeout: patience.silence,
  });
  /** Mails under way whose text has gone out to its end, by their Message-ID. */
  const gone = new Set<string>();
  server.use('stream', ({ message, data }, done) => {
    const createReadStream = message.createReadStream.bind(message);
    message.createReadStream = () => createReadStream().once('end', () => gone.add(String(data.messageId)));
    done();
  });
  return {
    async carry(letter) {
      const options = mailOptions(letter);
      try {
        await server.sendMail({ ...options, signal: AbortSignal.timeout(patience.whole) });
      } catch (error) {
        throw gone.has(options.messageId) && !isReply(error) ? new Unanswered('', { cause: error }) : error;
      } finally {
        gone.delete(options.messageId);
      }
    },
    close() {
      server.close();
    },
    cut() {
      server.close({ force: true });
    },
  };
}

/** Whether the server has said no, in whatever words. */
function isReply(error: unknown): boolean {
  return error instanceof Error && 'responseCode' in error && typeof error.responseCode === 'number';
}
