import type { ErrorRequestHandler, RequestHandler } from 'express';
import type { Part, Services } from '../services.ts';
import { missingParts } from './health.ts';

/** A part was asked and says nothing, its connections left open. */
export class PartSilent extends Error {
  readonly missing: readonly Part[];

  constructor(missing: readonly Part[]) {
    super(`No answer from: ${missing.join(', ')}.`);
    this.missing = missing;
  }
}

/**
 * What has a time limit of its own is over by then, with an error that says more. Parts have two seconds to answer: the page
 * comes within five.
 */
const PATIENCE = 2750;

/**
 * A part that is away refuses connections, which is an error at once. One that hangs (a machine that swaps, a network that
 * drops everything) would leave whoever asked waiting for ever: so who waits for long is told, if a part is silent.
 *
 * @param answer sends the page of an error; not by `next`, which whoever waits for the part still holds
 */
export function noticeSilence(
  services: Pick<Services, 'parts'>,
  answer: ErrorRequestHandler,
): RequestHandler {
  // However many wait, the parts are asked once: a silent one holds whatever it is asked with.
  let asked: Promise<readonly Part[]> | undefined;
  function askParts(): Promise<readonly Part[]> {
    asked ??= missingParts(services).finally(() => {
      asked = undefined;
    });
    return asked;
  }
  return (request, response, next) => {
    const watch = setInterval(async () => {
      const missing = await askParts();
      if (missing.length === 0 || response.headersSent || response.destroyed) return;
      clearInterval(watch);
      // The answer would wait for the session to be kept.
      if (missing.includes('sessions')) Reflect.deleteProperty(request, 'session');
      await answer(new PartSilent(missing), request, response, () => response.destroy());
    }, PATIENCE);
    response.once('close', () => clearInterval(watch));
    next();
  };
}
