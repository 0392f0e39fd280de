import assert from 'node:assert/strict';
import { csvLine, readCsv } from '../../src/files/csv.ts';

const read = (text: string) => [...readCsv(text)].map(({ number, cells }) => [number, cells]);

describe('CSV', () => {
  for (const [what, text] of [
    ['commas', 'a,b\r\n1,2\r\n'],
    ['semicolons', 'a;b\n1;2'],
    ['tabs', 'a\tb\r1\t2\r'],
  ] as const) {
    it(`is read with ${what} and any line endings`, () => {
      assert.deepEqual(read(text), [
        [1, ['a', 'b']],
        [2, ['1', '2']],
      ]);
    });
  }

  it('is read with quotes, a byte order mark and empty lines, which count', () => {
    assert.deepEqual(read('\ufeff\n"a","b ""c"", d"\n\n  \n,,\nx,y,z\n'), [
      [2, ['a', 'b "c", d']],
      [6, ['x', 'y', 'z']],
    ]);
  });

  it('has one faulty line where a quote is left open, and continues after it', () => {
    assert.deepEqual(read('a,b\n"open,1\nc,d\ne"f",2\n"g"h,3\ni,4\n'), [
      [1, ['a', 'b']],
      [2, undefined],
      [3, ['c', 'd']],
      [4, undefined],
      [5, undefined],
      [6, ['i', '4']],
    ]);
  });

  it('is read with cells over several lines, by the number of their first line', () => {
    assert.deepEqual(read('a,b\r\n"1 Road\r\nTown",2\r\nc,"d ""e""\n\nf"\ng,h\n'), [
      [1, ['a', 'b']],
      [2, ['1 Road\nTown', '2']],
      [4, ['c', 'd "e"\n\nf']],
      [7, ['g', 'h']],
    ]);
  });

  it('does not read the rest of a file as one cell if a quote is left open', () => {
    const rest = Array.from({ length: 200 }, (_, index) => `c${index},d`);
    const rows = read(['a,b', '"open,1', ...rest, 'e,"late'].join('\n'));
    assert.deepEqual(
      rows.filter(([, cells]) => !cells).map(([number]) => number),
      [2, 203],
    );
    assert.equal(rows.length, 203);
  });

  for (const [what, text] of [
    ['quotes after a space', 'a, b\n1, "2, 3"\n'],
    ['the separator named, as Excel writes it', 'sep=;\na;b\n1;"2, 3"\n'],
    ['the separator named in quotes', '"sep=|"\na|b\n1|2, 3\n'],
    ['quotes around everything', '"a","b"\n"1","2, 3"\n'],
  ] as const) {
    it(`is read with ${what}`, () => {
      assert.deepEqual(
        read(text).map(([, cells]) => cells),
        [
          ['a', 'b'],
          ['1', '2, 3'],
        ],
      );
    });
  }

  it('without content has no rows', () => {
    for (const text of ['', '\n\n', '\ufeff', ' , \n']) assert.deepEqual(read(text), []);
  });

  it('reads back exactly what it wrote', () => {
    const cells = ['plain', 'with, comma', 'with "quotes"', ' spaces ', '', 'Ö 🦉', "O'Neill"];
    assert.deepEqual(read(csvLine(cells)), [[1, cells]]);
  });

  for (const formula of [
    '=1+1',
    '+1',
    '-1',
    '@SUM(A1)',
    '\t=1',
    '\r=1',
    '\n=1',
    ' =1',
    '\uFF1D1',
    '\u200b=1',
    '\u2060\u00ad@SUM(A1)',
    "'=1",
    "''+1",
    '=HYPERLINK("http://evil")',
    '=1,"x"',
  ]) {
    it(`is written with ${JSON.stringify(formula)} as text, which no spreadsheet runs`, () => {
      const line = csvLine(['x', formula]);
      assert.match(line, /^x,"?'/);
      const [[, cells] = []] = read(line);
      assert.deepEqual(cells, ['x', formula.replace('\r', '\n')], 'and read as it was');
    });
  }

  it('is written with line breaks inside of quotes', () => {
    assert.equal(csvLine(['a\r\nb', 'c']), '"a\r\nb",c\r\n');
  });
});
