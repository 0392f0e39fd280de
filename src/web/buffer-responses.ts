import type { RequestHandler } from 'express';

declare global {
  namespace Express {
    interface Request {
      /** Called with the body once the response is complete and its session is stored; undefined for a stream. */
      whenAnswered?: (body: Buffer | undefined) => void;
    }
  }
}

/**
 * Sends a response in one piece. express-session sends all but the last byte of a page, stores the session, and then sends that
 * byte: w3m, which decompresses what it has, shows "unexpected end of file" on the page while the store is slow. Responses
 * without a length (downloads) are streamed. Patches `write` and `end`, because express-session patches them after it.
 */
export function bufferResponses(): RequestHandler {
  return (request, response, next) => {
    const write = response.write.bind(response);
    const end = response.end.bind(response);
    let held: Buffer | undefined;
    let isStream = false;
    const hold = (chunk: unknown) => {
      if (held !== undefined || !Buffer.isBuffer(chunk) || !response.hasHeader('Content-Length'))
        return false;
      held = chunk;
      return true;
    };
    response.write = (chunk: unknown, ...rest: never[]) => {
      if (hold(chunk)) return true;
      isStream = true;
      return write(chunk, ...rest);
    };
    response.end = (chunk?: unknown, ...rest: never[]) => {
      const whole = held === undefined ? chunk : Buffer.isBuffer(chunk) ? Buffer.concat([held, chunk]) : held;
      // Node writes no headers for a closed connection, but the session cookie that was set still counts.
      if (response.destroyed && !response.headersSent) response.writeHead(response.statusCode);
      const ended = end(whole, ...rest);
      request.whenAnswered?.(isStream ? undefined : bytesOf(whole));
      return ended;
    };
    next();
  };
}

function bytesOf(body: unknown): Buffer {
  if (Buffer.isBuffer(body)) return body;
  return Buffer.from(typeof body === 'string' ? body : '');
}
