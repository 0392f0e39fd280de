import type { AddressInfo, Socket } from 'node:net';
import { type ParsedMail, simpleParser } from 'mailparser';
import { SMTPServer } from 'smtp-server';
import { PATIENCE } from './until.ts';

interface Received {
  readonly recipients: readonly string[];
  readonly mail: ParsedMail;
  read: boolean;
}

/**
 * "defers": not now (451). "refuses": never (550). "turns away": refuses everybody (421). "drops": stores the mail, and breaks
 * the connection instead of responding. "dawdles": stores the mail, and responds when it behaves differently.
 */
export type Behaviour = 'takes' | 'defers' | 'refuses' | 'turns away' | 'drops' | 'dawdles';

/** The reply to the recipient. */
const NO: Readonly<Partial<Record<Behaviour, number>>> = { defers: 451, refuses: 550, 'turns away': 421 };

/** A real mail server that stores its mails. */
export interface Mailbox {
  readonly url: string;
  /** All mails, read or not, oldest first. */
  readonly messages: readonly ParsedMail[];
  /** The mails to this address: earlier mails to others may still be arriving. */
  sentTo(address: string): readonly ParsedMail[];
  /** Every address that got mail, whatever its headers say. */
  readonly addressees: readonly string[];
  /** The next unread mail to an address; waits for it. */
  next(to: string): Promise<ParsedMail>;
  /** Refuses every mail from now on, permanently, or accepts them again. */
  refuse(on: boolean): void;
  /** Treats every mail like this from now on. */
  behave(how: Behaviour): void;
  close(): Promise<void>;
}

/**
 * `port`: a given one, for a server that comes back; otherwise any free one. `heard` is called for each mail before its sender
 * gets the response.
 */
export async function openMailbox(
  port = 0,
  heard: (recipients: readonly string[], mail: ParsedMail) => void = () => {},
): Promise<Mailbox> {
  const received: Received[] = [];
  const arrivals = new EventTarget();
  const sockets = new Set<Socket>();
  let behaviour: Behaviour = 'takes';
  /** The responses that it delays. */
  const owed: (() => void)[] = [];
  const server = new SMTPServer({
    disabledCommands: ['AUTH', 'STARTTLS'],
    disableReverseLookup: true,
    // Clients keep connections open for the next mail; the end of a test does not wait for them.
    closeTimeout: 200,
    logger: false,
    onRcptTo(_address, _session, done) {
      const reply = NO[behaviour];
      done(reply ? Object.assign(new Error('Not today'), { responseCode: reply }) : null);
    },
    onData(stream, session, done) {
      simpleParser(stream, { skipTextToHtml: true }).then((mail) => {
        const recipients = session.envelope.rcptTo.map(({ address }) => address.toLowerCase());
        received.push({ recipients, mail, read: false });
        heard(recipients, mail);
        arrivals.dispatchEvent(new Event('mail'));
        if (behaviour === 'drops') for (const socket of sockets) socket.destroy();
        else if (behaviour === 'dawdles') owed.push(done);
        else done();
      }, done);
    },
  });
  server.server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () => {
      server.off('error', reject);
      resolve();
    });
  });
  // A client that is killed resets its connection; without a listener that would end the test process.
  server.on('error', () => {});
  const { port: actual } = server.server.address() as AddressInfo;
  return {
    url: `smtp://127.0.0.1:${actual}`,
    get messages() {
      return received.map(({ mail }) => mail);
    },
    sentTo: (address) =>
      received.filter(({ recipients }) => recipients.includes(address.toLowerCase())).map(({ mail }) => mail),
    get addressees() {
      return received.flatMap(({ recipients }) => recipients);
    },
    next: (to) => nextUnread(received, arrivals, to.toLowerCase()),
    refuse(on) {
      behaviour = on ? 'refuses' : 'takes';
    },
    behave(how) {
      behaviour = how;
      if (how !== 'dawdles') for (const give of owed.splice(0)) give();
    },
    close: () => new Promise((resolve) => server.close(resolve)),
  };
}

async function nextUnread(received: Received[], arrivals: EventTarget, to: string): Promise<ParsedMail> {
  const deadline = AbortSignal.timeout(PATIENCE);
  for (;;) {
    const found = received.find((one) => !one.read && one.recipients.includes(to));
    if (found) {
      found.read = true;
      return found.mail;
    }
    if (deadline.aborted) throw new Error(`No new mail to ${to} came. ${summary(received)}`);
    await arrival(arrivals, deadline);
  }
}

function arrival(arrivals: EventTarget, deadline: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      arrivals.removeEventListener('mail', done);
      deadline.removeEventListener('abort', done);
      resolve();
    };
    arrivals.addEventListener('mail', done);
    deadline.addEventListener('abort', done);
  });
}

function summary(received: readonly Received[]): string {
  const lines = received.map(({ recipients, mail, read }) => {
    return `${read ? 'read' : 'unread'}: to ${recipients.join(', ')}: ${mail.subject}`;
  });
  return `What came: ${lines.length === 0 ? 'nothing' : lines.join('; ')}`;
}

/** The six digits on a line of their own. */
export function codeIn(mail: ParsedMail): string {
  const code = /^\d{6}$/m.exec(mail.text ?? '')?.[0];
  if (code === undefined) throw new Error(`There is no code in the mail "${mail.subject}":\n${mail.text}`);
  return code;
}

/** The address of the one-time link, on a line of its own. */
export function linkIn(mail: ParsedMail): string {
  const link = /^https?:\/\/\S+\?token=\S+$/m.exec(mail.text ?? '')?.[0];
  if (link === undefined) throw new Error(`There is no link in the mail "${mail.subject}":\n${mail.text}`);
  return link;
}
