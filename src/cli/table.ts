/** Writes rows in columns, as wide as their widest text; the first row is the head. */
export function writeTable(rows: readonly (readonly string[])[], say: (line: string) => void): void {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => lengthOf(row[column]))));
  for (const row of rows) {
    const cells = row.map((cell, column) => cell + ' '.repeat((widths[column] ?? 0) - lengthOf(cell)));
    say(cells.join('  ').trimEnd());
  }
}

/** In what a reader takes for one character; a code point may be half of an emoji. */
function lengthOf(text = ''): number {
  return [...new Intl.Segmenter().segment(text)].length;
}
