import type { CDPSession, Page } from 'playwright-core';

type AxNode = Awaited<ReturnType<typeof nodesOf>>[number];

/** Ignored: boxes without a meaning, words within a sentence, and the pieces in which text is drawn. */
const PASSED_OVER: ReadonlySet<string> = new Set([
  ...['generic', 'none', 'RootWebArea', 'InlineTextBox', 'ListMarker', 'LineBreak', 'Pre', 'Section'],
  ...['strong', 'emphasis', 'code', 'mark', 'time', 'superscript', 'subscript', 'paragraph', 'rowgroup'],
]);
/** The text of these is the name of another element, which has it already. */
const NAMES_OF_OTHERS: ReadonlySet<string> = new Set(['LabelText', 'Legend', 'caption', 'Caption']);
/** A sentence ends at these elements. */
const ENDS_SENTENCE: ReadonlySet<string> = new Set(['paragraph', 'strong', 'Section']);
/** Elements whose text is their name or their value: it is not repeated. */
const SAID_ALREADY: ReadonlySet<string> = new Set([
  ...['button', 'heading', 'link', 'DisclosureTriangle', 'option', 'MenuListOption', 'img', 'image'],
  ...['textbox', 'searchbox', 'spinbutton', 'Date', 'columnheader', 'term'],
]);

/** Elements with only one child, which is on the same line. */
const ON_ONE_LINE: ReadonlySet<string> = new Set(['listitem', 'definition', 'status', 'contentinfo']);

/** Chromium's own names, in ARIA's words. */
const ROLES: Readonly<Record<string, string>> = {
  DescriptionList: 'list of terms',
  DisclosureTriangle: 'disclosure',
  Details: 'details',
  MenuListPopup: 'options',
  MenuListOption: 'option',
  image: 'img',
  gridcell: 'cell',
};

const STATES = ['focused', 'required', 'invalid', 'checked', 'selected', 'expanded', 'pressed', 'disabled'];
const MOST_OPTIONS = 12;

/**
 * What a screen reader gets for the open page, one element per line: role, "name", = value, (states), and its description. Ids
 * and codes that are new in each run are replaced by placeholders.
 */
export async function accessibilityTree(page: Page): Promise<string> {
  const session = await page.context().newCDPSession(page);
  const nodes = await nodesOf(session);
  const marks = await marksOf(session);
  await session.detach();
  const byId = new Map(nodes.map((node) => [node.nodeId, node]));
  const root = nodes.find(({ parentId }) => parentId === undefined);
  if (!root) throw new Error('The page has no accessibility tree.');
  const lines = [`page "${textOf(root.name)}"`, ...linesOf(root, { byId, ...marks }, 1)];
  return `${steady(lines.join('\n'))}\n`;
}

interface Tree {
  /** By the ids of the nodes. */
  readonly byId: ReadonlyMap<string, AxNode>;
  /** The elements that are marked as the current one, by the ids of their nodes in the document. */
  readonly current: ReadonlySet<number>;
  /** Elements on lines of their own. */
  readonly boxes: ReadonlySet<number>;
}

async function nodesOf(session: CDPSession) {
  await session.send('Accessibility.enable');
  return (await session.send('Accessibility.getFullAXTree')).nodes;
}

/** What Chromium does not report is read from the document: elements marked as the current one, and boxes. */
async function marksOf(session: CDPSession): Promise<Pick<Tree, 'current' | 'boxes'>> {
  const { documents, strings } = await session.send('DOMSnapshot.captureSnapshot', {
    computedStyles: ['display', 'position'],
  });
  const { nodes, layout } = documents[0] ?? {};
  const { backendNodeId: ids = [], attributes = [] } = nodes ?? {};
  const isCurrent = ids.map((_, index) =>
    (attributes[index] ?? []).some((at) => strings[at] === 'aria-current'),
  );
  // Text for screen readers only is out of the flow, and stays in its sentence.
  const isBox = layout?.styles.map(([display = -1, position = -1]) => {
    return !/^(inline|contents|)$/.test(strings[display] ?? '') && strings[position] !== 'absolute';
  });
  return {
    current: new Set(ids.filter((_, index) => isCurrent[index])),
    boxes: new Set(layout?.nodeIndex.filter((_, index) => isBox?.[index]).map((index) => ids[index] ?? -1)),
  };
}

function linesOf(node: AxNode, tree: Tree, depth: number): string[] {
  return joined(piecesOf(node, tree)).map((line) => `${'  '.repeat(depth)}${line}`);
}

/** Separates two sentences. */
const BREAK = '';

/** The lines of a node's content, with sentences still in their pieces. */
function piecesOf(node: AxNode, tree: Tree): string[] {
  const children = (node.childIds ?? []).flatMap((id) => tree.byId.get(id) ?? []);
  return children.flatMap((child) => {
    const role = textOf(child.role);
    if (NAMES_OF_OTHERS.has(role) && !child.ignored) return [BREAK];
    if (role === 'StaticText' && !child.ignored) return [JSON.stringify(textOf(child.name))];
    if (child.ignored || PASSED_OVER.has(role)) {
      const pieces = piecesOf(child, tree);
      return isBlock(child, role, tree) ? [BREAK, ...pieces, BREAK] : pieces;
    }
    return [BREAK, ...linesOfOne(child, role, tree), BREAK];
  });
}

/** Chromium calls both a span and a box "generic"; words within a sentence have no box. */
function isBlock({ backendDOMNodeId = -1 }: AxNode, role: string, { boxes }: Tree): boolean {
  return ENDS_SENTENCE.has(role) || boxes.has(backendDOMNodeId);
}

function linesOfOne(node: AxNode, role: string, tree: Tree): string[] {
  const title = titleOf(node, role, tree);
  if (role === 'row') return [rowOf(node, tree)];
  const inside = linesOf(node, tree, 1);
  if (role === 'combobox' && inside.length - 1 > MOST_OPTIONS)
    return [`${title} of ${inside.length - 1} options`];
  if (SAID_ALREADY.has(role) && inside.every(isText)) return [title];
  const [only = ''] = inside;
  return ON_ONE_LINE.has(role) && inside.length === 1 ? [`${title} ${only.trim()}`] : [title, ...inside];
}

/** A row of a table on one line: its cells, with their content. */
function rowOf(row: AxNode, tree: Tree): string {
  const cells = (row.childIds ?? [])
    .flatMap((id) => tree.byId.get(id) ?? [])
    .filter(({ ignored }) => !ignored);
  const contents = cells.map((cell) => {
    const role = textOf(cell.role);
    const content = linesOf(cell, tree, 0).map((line) => line.trim());
    return `${ROLES[role] ?? role} ${content.join(', ')}`.trim();
  });
  return `row: ${contents.join(' | ')}`;
}

function titleOf(node: AxNode, role: string, { current }: Tree): string {
  const properties = new Map((node.properties ?? []).map(({ name, value }) => [String(name), value.value]));
  const states = STATES.filter((state) => ![undefined, false, 'false'].includes(properties.get(state))).map(
    (state) => stateInWords(state, properties.get(state)),
  );
  if (node.backendDOMNodeId !== undefined && current.has(node.backendDOMNodeId)) states.push('current');
  const [name, value, description] = [node.name, node.value, node.description].map(textOf);
  return [
    `${ROLES[role] ?? role}${role === 'heading' ? ` ${properties.get('level')}` : ''}`,
    name && JSON.stringify(name),
    value && `= ${JSON.stringify(value)}`,
    states.length > 0 && `(${states.join(', ')})`,
    description && description !== name && `described by ${JSON.stringify(description)}`,
  ]
    .filter(Boolean)
    .join(' ');
}

function stateInWords(state: string, value: unknown): string {
  return value === true || value === 'true' ? state : `${state}: ${value}`;
}

/** The pieces of a sentence in several elements, as one. */
function joined(pieces: readonly string[]): string[] {
  const lines: string[] = [];
  let goesOn = false;
  for (const piece of pieces) {
    const last = lines.at(-1);
    if (goesOn && last !== undefined && isPiece(piece))
      lines[lines.length - 1] = `${last.slice(0, -1)}${piece.slice(1)}`;
    else if (piece !== BREAK) lines.push(piece);
    goesOn = isPiece(piece);
  }
  return lines.map(trimmed).filter((line) => line !== '""');
}

/** Text for screen readers only is not drawn, and neither is its space. */
function trimmed(line: string): string {
  return isText(line)
    ? line
        .replace(/ "$/, '"')
        .replace(/^" /, '"')
        .replace(/^"Error:(?=\S)/, '"Error: ')
    : line;
}

/** Text directly in the element that is being assembled, not deeper inside. */
function isPiece(piece: string): boolean {
  return piece.startsWith('"');
}

function isText(line: string): boolean {
  return /^ *"/.test(line);
}

/** What is new in each run; and the state of a mail, because mails are sent while pages are shown. */
function steady(text: string): string {
  return (
    text
      .replace(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, '00000000-0000-4000-8000-000000000000')
      .replace(/\b0[0-9a-v]{25}\b/g, '0'.repeat(26))
      // The new secret of an app: 256 bits in base64url.
      .replace(/(?<![\w-])[\w-]{43}(?![\w-])/g, 'x'.repeat(43))
      .replace(/\b[A-Z2-7]{4}( ?[A-Z2-7]{4}){7}\b/g, 'ABCD EFGH IJKL MNOP QRST UVWX YZ23 4567')
      .replace(/\b[0-9A-HJKMNP-TV-Z]{4}(-[0-9A-HJKMNP-TV-Z]{4}){3}\b/g, 'ABCD-EFGH-JKMN-PQRS')
      .replace(/"Waiting", "Sending[^"]*"|"Accepted", "[^"]*"/g, '"Waiting or taken"')
      .replace(/::ffff:127\.0\.0\.1|::1\b/g, '127.0.0.1')
  );
}

function textOf(value: { readonly value?: unknown } | undefined): string {
  return typeof value?.value === 'string' ? value.value.replace(/\s+/g, ' ') : String(value?.value ?? '');
}
