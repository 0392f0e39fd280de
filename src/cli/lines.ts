import { StringDecoder } from 'node:string_decoder';

/** A line is longer than allowed. */
export class LineTooLong extends Error {}

/**
 * Splits a stream into lines. Each byte is read once, and a line that does not end is given up: a few hundred kilobytes of gzip
 * can expand to a line of gigabytes.
 *
 * @param longest in characters
 * @throws LineTooLong
 */
export async function* linesOf(pieces: AsyncIterable<Buffer>, longest: number): AsyncGenerator<string> {
  const decoder = new StringDecoder('utf8');
  let begun: string[] = [];
  let length = 0;
  for await (const piece of pieces) {
    const [first = '', ...others] = decoder.write(piece).split('\n');
    for (const [index, part] of [first, ...others].entries()) {
      if (index > 0) {
        yield begun.join('');
        begun = [];
        length = 0;
      }
      begun.push(part);
      length += part.length;
      if (length > longest) throw new LineTooLong();
    }
  }
  const last = begun.join('') + decoder.end();
  if (last !== '') yield last;
}
