import { globSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileGraph, type Place, placeGraph } from './rules.ts';

const ROOT = path.join(import.meta.dirname, '../..');
export const PICTURE = path.join(ROOT, 'docs/pictures/rooms.svg');

const [WIDTH, BOX, HEIGHT, ROW, GAP] = [600, 124, 34, 70, 40];

/** The rooms of `src` by level, each above everything that it imports. */
export function roomsOf(graph: ReadonlyMap<Place, readonly Place[]>): Place[][] {
  const levels = new Map<Place, number>();
  function levelOf(place: Place): number {
    const known = levels.get(place);
    if (known !== undefined) return known;
    const level = 1 + Math.max(-1, ...(graph.get(place) ?? []).map(levelOf));
    levels.set(place, level);
    return level;
  }
  const rows: Place[][] = [];
  for (const place of [...graph.keys()].sort()) {
    const level = levelOf(place);
    rows[level] = [...(rows[level] ?? []), place];
  }
  return rows;
}

/** The arrows without those that a longer path replaces (the transitive reduction), so that a reader can follow the picture. */
export function shortestArrows(graph: ReadonlyMap<Place, readonly Place[]>): [from: Place, to: Place][] {
  const reaches = (from: Place, to: Place): boolean =>
    (graph.get(from) ?? []).some((next) => next === to || reaches(next, to));
  return [...graph].flatMap(([from, targets]) =>
    targets
      .filter((to) => !targets.some((other) => other !== to && reaches(other, to)))
      .map((to): [Place, Place] => [from, to]),
  );
}

/** The picture in docs/architecture.md, drawn from the imports of the code. */
export function drawRooms(): string {
  const sources = globSync('src/**/*.{ts,js}', { cwd: ROOT }).toSorted();
  const read = (file: string): [string, string] => [file, readFileSync(path.join(ROOT, file), 'utf8')];
  const whole = placeGraph(fileGraph(new Map(sources.map(read))));
  // The files of `src` itself compose the rooms and import nearly all of them: their arrows would add nothing.
  const isRoom = (place: Place) => !place.includes('.');
  const graph = new Map(
    [...whole].filter(([place]) => isRoom(place)).map(([place, targets]) => [place, targets.filter(isRoom)]),
  );
  const rows = roomsOf(graph);
  const places = new Map<Place, { x: number; y: number }>();
  const height = rows.length * ROW + GAP;
  for (const [level, row] of rows.entries()) {
    const width = row.length * BOX + (row.length - 1) * GAP;
    for (const [index, place] of row.entries()) {
      const x = (WIDTH - width) / 2 + index * (BOX + GAP);
      places.set(place, { x, y: height - (level + 1) * ROW + GAP });
    }
  }
  const at = (place: Place) => places.get(place) ?? { x: 0, y: 0 };
  const arrows = shortestArrows(graph).map(([from, to]) => {
    const [above, below] = [at(from), at(to)];
    const [x1, y1, x2, y2] = [above.x + BOX / 2, above.y + HEIGHT, below.x + BOX / 2, below.y];
    const bend = (y2 - y1) / 2;
    return `<path d="M${x1} ${y1}C${x1} ${y1 + bend} ${x2} ${y2 - bend} ${x2} ${y2}"/>`;
  });
  const boxes = [...places].map(
    ([place, { x, y }]) =>
      `<rect x="${x}" y="${y}" width="${BOX}" height="${HEIGHT}" rx="6"/><text x="${x + BOX / 2}" y="${y + 22}">${place}</text>`,
  );
  return `${[
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" role="img" aria-label="The rooms of src and their imports">`,
    '<style>rect{fill:#fff;stroke:#14506e;stroke-width:1.5}text{font:14px sans-serif;text-anchor:middle;fill:#111}path{fill:none;stroke:#8aa4b4;stroke-width:1.5}</style>',
    `<rect width="${WIDTH}" height="${height}" style="fill:#f6f8f9;stroke:none"/>`,
    ...arrows,
    ...boxes,
    '</svg>',
  ].join('\n')}\n`;
}

if (process.argv[1] === import.meta.filename) writeFileSync(PICTURE, drawRooms());
