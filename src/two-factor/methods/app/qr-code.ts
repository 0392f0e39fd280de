/** The quiet zone that ISO/IEC 18004 requires, in modules. */
const QUIET_ZONE = 4;

/** Greyscale, without row filters: a third of the size that the defaults give for two colours and large squares. */
const SMALL_PNG = { colorType: 0, filterType: 0, deflateStrategy: 0 };

/** Draws the text as a PNG in a `data:` URL, black on white whatever the page's theme. */
export async function drawAsImage(text: string): Promise<string> {
  const { toBuffer } = await drawer();
  const options = {
    errorCorrectionLevel: 'M',
    margin: QUIET_ZONE,
    scale: 6,
    rendererOpts: SMALL_PNG,
  } as const;
  return `data:image/png;base64,${(await toBuffer(text, options)).toString('base64')}`;
}

export interface TextDrawings {
  /** For dark characters on a light ground. */
  readonly darkOnLight: string;
  /** For light characters on a dark ground, as most terminals show them. */
  readonly lightOnDark: string;
}

/** Draws the text in half-block characters, two modules per character, so that it can be scanned from a terminal. */
export async function drawAsText(text: string): Promise<TextDrawings> {
  const { toString: toText } = await drawer();
  const darkOnLight = await toText(text, { type: 'utf8', errorCorrectionLevel: 'L', margin: QUIET_ZONE });
  return { darkOnLight, lightOnDark: darkOnLight.replace(/[ █▀▄]/g, (block) => INVERSE[block] ?? block) };
}

const INVERSE: Readonly<Record<string, string>> = { ' ': '█', '█': ' ', '▀': '▄', '▄': '▀' };

/** Loaded with the first drawing, because nothing else needs the library. */
async function drawer() {
  return import('qrcode');
}
