import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Request, Response } from 'express';
import { keepSession } from './session.ts';

export interface Download {
  /** Letters, digits, hyphens and a dot: it is put into a header unchanged. */
  readonly fileName: string;
  readonly mediaType: string;
  readonly text: AsyncIterable<string>;
}

/** Streams a file with back-pressure. If it breaks off, the connection is cut, so that the part is not taken for the whole. */
export async function sendDownload(
  request: Request,
  response: Response,
  { fileName, mediaType, text }: Download,
): Promise<void> {
  await keepSession(request);
  response.status(200).set({
    'Content-Type': mediaType,
    'Content-Disposition': `attachment; filename="${fileName}"`,
  });
  if (request.method === 'HEAD') {
    response.end();
    return;
  }
  try {
    await pipeline(Readable.from(text), response);
  } catch (error) {
    // The client has gone: no error.
    if (!isPrematureClose(error)) throw error;
  } finally {
    request.whenAnswered?.(undefined);
  }
}

function isPrematureClose(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ERR_STREAM_PREMATURE_CLOSE';
}
