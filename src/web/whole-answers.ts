import type { RequestHandler } from 'express';

/**
 * Sends an answer in one piece. express-session sends all but the last byte of a page, keeps the session, and sends that
 * byte then: w3m, which unpacks what is there, would say "unexpected end of file" on the page while the store takes its
 * time. What has no length (a download as it is read) goes out as it comes. Stands before the sessions.
 */
export function wholeAnswers(): RequestHandler {
  return (_request, response, next) => {
    const write = response.write.bind(response);
    const end = response.end.bind(response);
    let held: Buffer | undefined;
    const hold = (chunk: unknown) => {
      if (held !== undefined || !Buffer.isBuffer(chunk) || !response.hasHeader('Content-Length'))
        return false;
      held = chunk;
      return true;
    };
    response.write = (chunk: unknown, ...rest: never[]) => hold(chunk) || write(chunk, ...rest);
    response.end = (chunk?: unknown, ...rest: never[]) => {
      if (held === undefined) return end(chunk, ...rest);
      return end(Buffer.isBuffer(chunk) ? Buffer.concat([held, chunk]) : held, ...rest);
    };
    next();
  };
}
