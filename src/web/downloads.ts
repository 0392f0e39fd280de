import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Request, Response } from 'express';

export interface Download {
  /** Letters, digits, hyphens and a dot: it goes into a header as it is. */
  readonly fileName: string;
  readonly mediaType: string;
  readonly text: AsyncIterable<string>;
}

/** Sends a file piece by piece, as fast as it is taken. What breaks off is cut off, and not mistaken for the whole. */
export async function sendDownload(
  request: Request,
  response: Response,
  { fileName, mediaType, text }: Download,
): Promise<void> {
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
    // Whoever asked has gone: nothing is wrong here.
    if (!isPrematureClose(error)) throw error;
  }
}

function isPrematureClose(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ERR_STREAM_PREMATURE_CLOSE';
}
