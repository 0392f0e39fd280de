import { createTransport } from 'nodemailer';
import { seconds } from '../time.ts';
import { mailOptions, type Transport } from './transport.ts';

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
  return {
    async carry(letter) {
      await server.sendMail({ ...mailOptions(letter), signal: AbortSignal.timeout(patience.whole) });
    },
    close() {
      server.close();
    },
    cut() {
      server.close({ force: true });
    },
  };
}
