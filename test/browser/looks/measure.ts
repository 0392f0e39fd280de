/** A colour of the page: red, green and blue from 0 to 255, and how opaque it is from 0 to 1. */
interface Colour {
  readonly rgb: readonly [number, number, number];
  readonly opacity: number;
}

/**
 * Functions that run in the page itself. `inPage` defines the same name there, so that a function that is evaluated in the page
 * can call them as if it ran here; they may use the page and each other, and nothing else of this file.
 */
export const measure = {
  /** Whether it is visible: not in a closed menu, not hidden, and not only for screen readers. */
  isShown(element: Element): boolean {
    if (!element.checkVisibility({ visibilityProperty: true })) return false;
    const { width, height } = element.getBoundingClientRect();
    return width > 1 && height > 1 && element.closest('.visually-hidden') === null;
  },

  /** All visible controls. */
  controls(): HTMLElement[] {
    const all = document.querySelectorAll<HTMLElement>(
      'a[href], button, input:not([type=hidden]), select, textarea, summary',
    );
    return [...all].filter((element) => measure.isShown(element));
  },

  /** The boxes of an element's lines of text; without text for screen readers only. */
  linesOf(element: Element): DOMRect[] {
    const texts = document.createTreeWalker(element, NodeFilter.SHOW_TEXT);
    const lines: DOMRect[] = [];
    for (let text = texts.nextNode(); text; text = texts.nextNode()) {
      if (!text.parentElement || !measure.isShown(text.parentElement)) continue;
      const range = document.createRange();
      range.selectNodeContents(text);
      lines.push(...range.getClientRects());
    }
    return lines;
  },

  /** What is wider than the window, or scrolls sideways within it. */
  sideways(): string[] {
    const { clientWidth, scrollWidth } = document.documentElement;
    const page = scrollWidth > clientWidth ? [`the page is ${scrollWidth} wide, of ${clientWidth}`] : [];
    const inside = [...document.body.querySelectorAll<HTMLElement>('*')].filter((element) => {
      if (!measure.isShown(element) || element.closest('svg')) return false;
      const { left, right } = element.getBoundingClientRect();
      const scrolls = /auto|scroll/.test(getComputedStyle(element).overflowX);
      return left < -1 || right > clientWidth + 1 || (scrolls && element.scrollWidth > element.clientWidth);
    });
    return [...page, ...inside.map((element) => `${measure.describe(element)} does not fit`)];
  },

  /** For a finding: the element, shortened. */
  describe(element: Element): string {
    const text = (element.textContent ?? '').replace(/\s+/g, ' ').trim().slice(0, 40);
    const id = element.id ? `#${element.id}` : '';
    const classes = element.className && typeof element.className === 'string' ? `.${element.className}` : '';
    return `${element.localName}${id}${classes.replaceAll(' ', '.')} "${text}"`;
  },

  colourOf(css: string): Colour {
    const [red = 0, green = 0, blue = 0, opacity = 1] = (css.match(/[\d.]+/g) ?? []).map(Number);
    return { rgb: [red, green, blue], opacity };
  },

  /** The background colour of an element. */
  groundOf(element: Element | null): Colour {
    for (let one = element; one; one = one.parentElement) {
      const colour = measure.colourOf(getComputedStyle(one).backgroundColor);
      if (colour.opacity === 1) return colour;
    }
    return measure.colourOf('rgb(255, 255, 255)');
  },

  /** The contrast ratio of two colours (WCAG 2.2). */
  contrast(one: Colour, other: Colour): number {
    const luminance = ({ rgb }: Colour) => {
      const [red = 0, green = 0, blue = 0] = rgb.map((part) => {
        const share = part / 255;
        return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
      });
      return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
    };
    const [dark = 0, light = 0] = [luminance(one), luminance(other)].sort((a, b) => a - b);
    return (light + 0.05) / (dark + 0.05);
  },
};

/** The source that defines `measure` in a page. */
export const MEASURE_IN_PAGE = `globalThis.measure = { ${Object.values(measure).map(String).join(',\n')} };`;
