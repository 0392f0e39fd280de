import jsqr from 'jsqr';

/** Which characters are ink: on a light ground the drawn ones, on a dark one (a terminal) the gaps. */
export type Ground = 'dark on light' | 'light on dark';

/** Pixels per module: jsQR needs some. */
const SCALE = 4;

/** What a phone reads from a QR code in half-block characters; throws if it reads nothing. */
export function readTextDrawing(drawing: string, ground: Ground): string {
  const lines = drawing.split('\n').filter((line) => line.length > 0);
  const width = Math.max(...lines.map((line) => line.length));
  const inkIsDrawn = ground === 'dark on light';
  const rows = lines.flatMap((line) => [
    Array.from({ length: width }, (_, column) => '█▀'.includes(line[column] ?? ' ') === inkIsDrawn),
    Array.from({ length: width }, (_, column) => '█▄'.includes(line[column] ?? ' ') === inkIsDrawn),
  ]);
  const side = width * SCALE;
  const pixels = new Uint8ClampedArray(rows.length * SCALE * side * 4).fill(255);
  rows.forEach((row, y) => {
    row.forEach((dark, x) => {
      if (dark) blacken(pixels, x * SCALE, y * SCALE, side);
    });
  });
  const read = jsqr.default(pixels, side, rows.length * SCALE);
  if (!read) throw new Error(`No QR code can be read in the drawing:\n${drawing}`);
  return read.data;
}

function blacken(pixels: Uint8ClampedArray, left: number, top: number, side: number): void {
  for (let y = top; y < top + SCALE; y++) {
    for (let x = left; x < left + SCALE; x++) pixels.fill(0, (y * side + x) * 4, (y * side + x) * 4 + 3);
  }
}
