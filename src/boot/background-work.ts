import { seconds } from '../kernel/time.ts';
import type { Retention } from './retention.ts';

/** Something that works on after the response. */
interface Settling {
  settled(): Promise<void>;
}

interface Delivery extends Settling {
  start(): void;
  /** Begins no more attempts, and aborts those under way after `patience` milliseconds. */
  stop(patience: number): Promise<void>;
}

interface Looking extends Settling {
  start(): void;
  stop(patience: number): Promise<void>;
}

interface Workers {
  readonly background: Settling;
  readonly retention: Retention;
  readonly delivery: Delivery;
  readonly logoutWatch: Looking;
  readonly codes: Settling;
  readonly submissions: Settling;
}

/** What a portal does beside answering requests. */
export interface BackgroundWork {
  /** Until the portal is closed: delivers the mail queue, tells apps of sign-outs, and removes expired rows. */
  readonly startDelivery: () => void;
  /** Resolves once background work is done and each mail and sign-out was tried once; what was not accepted stays in its queue. */
  readonly delivered: () => Promise<void>;
  /** Removes expired rows now. */
  readonly forget: () => Promise<void>;
}

/** How long a shutdown waits for running deliveries. Another instance, or the next start, retries the others. */
const MAIL_PATIENCE = seconds(1.5);
/** The same for apps that are being told of sign-outs. */
const APP_PATIENCE = seconds(1);

/** `stop` lets what runs finish. */
export function backgroundWork({
  background,
  retention,
  delivery,
  logoutWatch,
  codes,
  submissions,
}: Workers): BackgroundWork & { readonly stop: () => Promise<void> } {
  return {
    startDelivery() {
      delivery.start();
      logoutWatch.start();
      retention.start();
    },
    async delivered() {
      await background.settled();
      await delivery.settled();
      await logoutWatch.settled();
    },
    forget: () => retention.run(),
    async stop() {
      await background.settled();
      await retention.stop();
      await Promise.all([delivery.stop(MAIL_PATIENCE), logoutWatch.stop(APP_PATIENCE)]);
      await codes.settled();
      await submissions.settled();
    },
  };
}
