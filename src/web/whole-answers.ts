import type { Response } from 'express';

declare global {
  namespace Express {
    interface Request {
      /** Called with the body of the response that was sent; undefined for a stream. Its session is stored by then. */
      whenAnswered?: (body: Buffer | undefined) => void;
    }
  }
}

/**
 * Sends a response whose session is stored (`keepSession`), in one piece. express-session would send all but the last byte, store
 * the session, and then send that byte: w3m, which decompresses what it has, would show "unexpected end of file" meanwhile.
 */
export function sendWhole(response: Response, body: string | Buffer): void {
  if (response.destroyed && !response.headersSent) response.end();
  else response.send(body);
  // Node writes no headers for a closed connection, nor while a wrapper of `end` waits, but the session cookie among them counts.
  if (!response.headersSent) response.writeHead(response.statusCode);
  response.req.whenAnswered?.(Buffer.from(body));
}
