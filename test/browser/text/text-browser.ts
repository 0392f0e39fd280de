import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { requireTool, type Tool } from '../../support/tools.ts';
import type { Site } from '../journey/site.ts';
import type { People, Traveller } from '../journey/whole-way.ts';
import { type Place, type Screen, type Size, Terminal } from './terminal.ts';

/** The name and the keys of one browser, which is used with its default configuration. */
export interface Kind {
  readonly name: string;
  readonly program: Tool;
  /** For the shell; the home folder is empty. */
  command(address: string): string;
  /** The rows of the page itself, without the browser's own messages. */
  pageRows(rows: readonly string[]): readonly string[];
  /** The number of rows that the browser keeps above the page. */
  readonly rowsAbove: number;
  /** How many columns to the left of the selected element the cursor is. */
  readonly cursorBefore: 0 | 1;
  /** Whether a page is shown, and not a dialog, a question or a page that is loading. */
  isReading(screen: Screen): boolean;
  /** What covers the very first page until it is answered. */
  readonly greeting?: { readonly words: string; readonly answer: string };
  /** The browser's own questions, and the keys that answer them. */
  readonly questions: readonly { readonly asked: RegExp; readonly answer: string }[];
  readonly keys: {
    /** To the next link, button or field. */
    readonly next: string;
    readonly top: string;
    /** Opens the link, presses the button, ticks or chooses. */
    readonly press: string;
  };
  /** From any page: the keys that open an address. */
  open(address: string): readonly string[];
  /** Whether the browser reports that a field is selected; undefined if it never does. */
  isAtField?(screen: Screen): boolean;
  /** Fills in the selected field. */
  type(terminal: Terminal, text: string, home: string): Promise<void>;
}

/** An element that the keys can reach: a link, a button or a field. */
interface Stop {
  readonly place: Place;
  /** Its text in one and the same look. */
  readonly text: string;
  /** From the stop before it to this one. */
  readonly before: readonly string[];
  /** From its beginning to the end of the row. */
  readonly onward: string;
  /** The next row, complete and from the position on. */
  readonly below: readonly string[];
  /** The browser's report that this is a field, if it has one. */
  readonly isField: boolean | undefined;
}

const TALL: Size = { columns: 80, rows: 130 };
/** If a key changes nothing for this long, there is nothing further down. Milliseconds. */
const NOTHING_MORE = 600;
/** Settings of a person who reads English in UTF-8. */
const LANGUAGE = { LANG: 'C.UTF-8', LC_ALL: 'C.UTF-8' };

/** A person at a text browser, of whom only the keys and the screen are known. Each has their own home folder. */
export class TextBrowser implements Traveller {
  readonly #kind: Kind;
  readonly #site: Site;
  readonly #home: string;
  readonly #terminal: Terminal;

  private constructor(
    kind: Kind,
    site: Site,
    address: string,
    size: Size,
    environment: Readonly<Record<string, string>>,
  ) {
    this.#kind = kind;
    this.#site = site;
    this.#home = mkdtempSync(join(tmpdir(), 'postern-terminal-'));
    const { PATH = '' } = process.env;
    this.#terminal = new Terminal(kind.command(address), size, {
      PATH,
      HOME: this.#home,
      ...LANGUAGE,
      ...environment,
    });
  }

  /** Starts the browser at an address and waits for the page. */
  static async open(
    kind: Kind,
    site: Site,
    address: string,
    {
      size = TALL,
      environment = {},
    }: { readonly size?: Size; readonly environment?: Readonly<Record<string, string>> } = {},
  ): Promise<TextBrowser> {
    requireTool('script');
    requireTool(kind.program);
    const served = site.pagesServed();
    const browser = new TextBrowser(kind, site, address, size, environment);
    await browser.#answersGreeting();
    await browser.#arrives(served);
    return browser;
  }

  async #answersGreeting(): Promise<void> {
    const { greeting } = this.#kind;
    if (!greeting) return;
    const { words, answer } = greeting;
    await this.#terminal.until('its greeting', () => this.onScreen.includes(words) || undefined);
    this.#terminal.press(answer);
    await this.#terminal.until('an end of its greeting', () => !this.onScreen.includes(words) || undefined);
  }

  /** The page, or as much of it as fits on the screen. */
  get onScreen(): string {
    return this.#pageRows().join('\n');
  }

  /** Opens an address like a person who types it. */
  async visits(address: string): Promise<void> {
    const served = this.#site.pagesServed();
    for (const keys of this.#kind.open(address)) {
      const { drawings } = this.#terminal;
      this.#terminal.press(keys);
      await this.#drawnSince(drawings);
    }
    await this.#arrives(served);
  }

  /** Waits for text on the page, wherever its lines break. Throws with the screen. */
  async shows(text: string | RegExp): Promise<void> {
    await this.#terminal.until(`the page with ${text}`, (screen) => {
      const shown = this.#pageRows(screen).join(' ').replace(/\s+/g, ' ');
      return (typeof text === 'string' ? shown.includes(text) : text.test(shown)) || undefined;
    });
  }

  async reads(): Promise<string> {
    return this.onScreen.replace(/\s+/g, ' ');
  }

  /** Types a text into the field with this label, and replaces its content. */
  async fillsIn(label: string, text: string): Promise<void> {
    await this.#goesTo(`a field with the label "${label}"`, (stop) => isLabelled(stop, label));
    const { drawings } = this.#terminal;
    await this.#kind.type(this.#terminal, text, this.#home);
    if (text !== '') await this.#drawnSince(drawings);
  }

  /** Ticks a box or chooses a radio, unless it already is. */
  async chooses(choice: string): Promise<void> {
    await this.#sets(choice, true);
  }

  async unticks(box: string): Promise<void> {
    await this.#sets(box, false);
  }

  async #sets(choice: string, isChosen: boolean): Promise<void> {
    const { onward } = await this.#goesTo(`a box or a radio "${choice}"`, (stop) => isChoice(stop, choice));
    if (CHOSEN.test(onward) === isChosen) return;
    this.#terminal.press(this.#kind.keys.press);
    await this.#terminal.until(`"${choice}" ${isChosen ? 'chosen' : 'no longer ticked'}`, (screen) => {
      return CHOSEN.test(this.#stopAt(screen, undefined).onward) === isChosen || undefined;
    });
  }

  /** Presses the button with this text and waits for the next page. */
  async presses(button: string): Promise<void> {
    await this.#goesTo(`a button "${button}"`, (stop) => isButton(stop, button));
    await this.#enters();
  }

  /** Follows the link with this text and waits for its page. `number`: which of several with the same text, from 1. */
  async follows(link: string, number = 1): Promise<void> {
    if (number > 1) await this.#toTop();
    await this.#goesTo(`a link "${link}"`, (stop) => isLink(stop, link), number);
    await this.#enters();
  }

  async close(): Promise<void> {
    await this.#terminal.close();
    rmSync(this.#home, { recursive: true, force: true });
  }

  async #enters(): Promise<void> {
    const served = this.#site.pagesServed();
    this.#terminal.press(this.#kind.keys.press);
    await this.#arrives(served);
  }

  /** Waits until the site has responded, and the page is drawn; answers the browser's questions in between. */
  async #arrives(served: number): Promise<void> {
    let answered: string | undefined;
    await this.#terminal.until('the next page', (screen) => {
      const text = screen.rows.join('\n');
      const question = this.#kind.questions.find(({ asked }) => asked.test(text));
      // A slow browser still shows a question for a while after the answer: a second answer would go to the page.
      if (question && text !== answered) {
        this.#terminal.press(question.answer);
        answered = text;
      }
      if (question || this.#site.pagesServed() === served) return undefined;
      return this.#kind.isReading(screen) || undefined;
    });
  }

  /** Moves from stop to stop, down from here and then once more from the top, to the first match, or a later one. */
  async #goesTo(what: string, fits: (stop: Stop) => boolean, number = 1): Promise<Stop> {
    let fitting = 0;
    for (const isLastTry of [false, true]) {
      if (isLastTry) await this.#toTop();
      const met = new Set<string>();
      let previous: Place | undefined;
      for (;;) {
        const { screen } = this.#terminal;
        const stop = this.#stopAt(screen, previous);
        if (fits(stop)) fitting += 1;
        if (fitting === number) return stop;
        // Some browsers stop at the end, some start again.
        const sight = JSON.stringify([screen.cursor, this.#pageRows(screen)]);
        if (met.has(sight)) break;
        met.add(sight);
        previous = stop.place;
        if (!(await this.#changesBy(this.#kind.keys.next))) break;
      }
    }
    return this.#terminal.until<Stop>(what, () => undefined, 0);
  }

  #stopAt(screen: Screen, previous: Place | undefined): Stop {
    const place = screen.cursor;
    const row = screen.rows[place.row] ?? '';
    const next = screen.rows[place.row + 1] ?? '';
    const from = previous && previous.row <= place.row ? previous.row + 1 : this.#kind.rowsAbove;
    return {
      place,
      text: screen.runAt({ ...place, column: place.column + this.#kind.cursorBefore }),
      before: [...screen.rows.slice(from, place.row), row.slice(0, place.column)],
      onward: row.slice(Math.max(0, place.column - 1)).trim(),
      below: [next.trim(), next.slice(place.column).trim()],
      isField: this.#kind.isAtField?.(screen),
    };
  }

  async #toTop(): Promise<void> {
    const { drawings } = this.#terminal;
    this.#terminal.press(this.#kind.keys.top);
    await this.#drawnSince(drawings);
  }

  /** Presses keys; returns whether anything changed. */
  async #changesBy(keys: string): Promise<boolean> {
    const { drawings } = this.#terminal;
    this.#terminal.press(keys);
    return this.#drawnSince(drawings);
  }

  async #drawnSince(drawings: number): Promise<boolean> {
    const deadline = Date.now() + NOTHING_MORE;
    return this.#terminal.until('an answer to a key', () => {
      if (this.#terminal.drawings > drawings) return true;
      return Date.now() > deadline ? false : undefined;
    });
  }

  #pageRows(screen: Screen = this.#terminal.screen): readonly string[] {
    const rows = this.#kind.pageRows(screen.rows);
    return rows.slice(0, rows.findLastIndex((row) => row !== '') + 1);
  }
}

const CHOICE = /^[([][ xX*][)\]]/;
const CHOSEN = /^[([][xX*][)\]]/;

/** The text of a box or a radio is behind it. */
function isChoice({ onward }: Stop, choice: string): boolean {
  return CHOICE.test(onward) && onward.replace(CHOICE, '').trim().startsWith(choice);
}

/** A button has brackets; Lynx shows its kind instead, and only this word looks different. */
function isButton({ text, onward }: Stop, name: string): boolean {
  return text === `[${name}]` || onward === `(BUTTON) ${name}` || onward.startsWith(`(BUTTON) ${name} `);
}

/** A link may continue in the next row, or in the next row of its column of a table. */
function isLink({ text, below }: Stop, words: string): boolean {
  if (text === words) return true;
  const [next] = words.startsWith(`${text} `) ? words.slice(text.length + 1).split(' ') : [];
  return next !== undefined && below.some((row) => row.startsWith(next));
}

function isLabelled({ before, text, isField = true }: Stop, label: string): boolean {
  return (
    isField &&
    !CHOICE.test(text) &&
    before.some((row) => row.trim() === label || row.trim().startsWith(`${label} `))
  );
}

/** People at this browser. */
export function atTerminal(kind: Kind): People {
  return {
    where: `In ${kind.name}`,
    // Each key draws a whole screen, while other tests run.
    arrive: (site, address) => TextBrowser.open(kind, site, address),
  };
}
