import type { Page } from 'playwright-core';

/**
 * What does not fit on the open page, in words: a page that scrolls sideways, elements beyond its edges, and elements that are
 * narrower than their own words. Elements that scroll by themselves, like a drawing, may be wider inside (WCAG 1.4.10).
 */
export async function misfits(page: Page): Promise<string[]> {
  return page.evaluate(() => {
    const width = document.documentElement.clientWidth;
    const described = (element: Element) =>
      `<${element.tagName.toLowerCase()} class="${element.className}"> "${element.textContent?.trim().slice(0, 60)}"`;
    const isLeftAlone = (element: Element) => {
      if (element.matches('svg, select, input, textarea, .skip-link')) return true;
      // Text that is clipped to a point is for screen readers.
      const { overflowX, clipPath, display } = getComputedStyle(element);
      return display === 'none' || overflowX === 'auto' || clipPath === 'inset(50%)';
    };
    const problems: string[] = [];
    const look = (element: Element) => {
      if (isLeftAlone(element)) return;
      const { left, right } = element.getBoundingClientRect();
      if (right > width + 1 || left < -1) problems.push(`Beyond the edge: ${described(element)}`);
      else if (element.clientWidth > 0 && element.scrollWidth > element.clientWidth + 1)
        problems.push(`Wider inside than outside: ${described(element)}`);
      for (const child of element.children) look(child);
    };
    if (document.documentElement.scrollWidth > width) problems.push('The page scrolls sideways.');
    look(document.body);
    return problems;
  });
}
