import type { ErrorRequestHandler, RequestHandler } from 'express';
import type { Dependency, Pings } from '../kernel/dependencies.ts';
import { missingParts } from './health.ts';

/** A dependency does not answer, with its connections still open. */
export class DependencyTimeout extends Error {
  readonly missing: readonly Dependency[];

  constructor(missing: readonly Dependency[]) {
    super(`No answer from: ${missing.join(', ')}.`);
    this.missing = missing;
  }
}

/**
 * Milliseconds before the dependencies are checked. Operations with a time limit of their own have failed by then, with a better
 * error. Dependencies have two more seconds to answer: the page comes within five.
 */
const PATIENCE = 2750;

/**
 * A dependency that is down refuses connections, which fails at once. One that hangs (a swapping machine, a network that drops
 * packets) would let requests wait for ever: a request that waits for long gets an error page, if a dependency is silent.
 *
 * @param answer sends the error page. Not `next`, which the waiting handler still holds
 */
export function watchDependencies(
  services: { readonly parts: Pings },
  answer: ErrorRequestHandler,
): RequestHandler {
  // All waiting requests share one check: a silent dependency blocks the connection of each.
  let asked: Promise<readonly Dependency[]> | undefined;
  function askParts(): Promise<readonly Dependency[]> {
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
      // Otherwise the response would wait for the session to be stored.
      if (missing.includes('sessions')) Reflect.deleteProperty(request, 'session');
      await answer(new DependencyTimeout(missing), request, response, () => response.destroy());
    }, PATIENCE);
    response.once('close', () => clearInterval(watch));
    next();
  };
}
