import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { requireTool } from './tools.ts';

/**
 * The fonts for tests of pages. Line breaks depend on them, and machines have whichever fonts other packages brought: without
 * this, a layout test passes on one machine and fails on the next.
 */
const FAMILIES = {
  wide: { sans: 'DejaVu Sans', mono: 'DejaVu Sans Mono', serif: 'DejaVu Serif' },
  narrow: { sans: 'Liberation Sans Narrow', mono: 'Liberation Mono', serif: 'Liberation Serif' },
} as const;

export type FontWidth = keyof typeof FAMILIES;

/** A configuration of fontconfig with only these fonts, those of the given width first. Returns its path. */
export function fontConfiguration(width: FontWidth): string {
  const folder = mkdtempSync(join(tmpdir(), 'postern-fonts-'));
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  const files = ['DejaVuSans.ttf', 'LiberationSansNarrow-Regular.ttf'] as const;
  const folders = files.map((file) => `<dir>${dirname(requireTool(file))}</dir>`);
  const { sans, mono, serif } = FAMILIES[width];
  const preferred = [prefer('monospace', mono), prefer('serif', serif), orElse(sans)];
  const file = join(folder, 'fonts.conf');
  const all = [...folders, `<cachedir>${join(folder, 'cache')}</cachedir>`, ...preferred];
  writeFileSync(file, `<?xml version="1.0"?>\n<fontconfig>\n${all.join('\n')}\n</fontconfig>\n`);
  return file;
}

/** All other requested fonts: names of other fonts, "system-ui", "sans-serif". */
function orElse(family: string): string {
  return `<match target="pattern"><edit name="family" mode="append_last"><string>${family}</string></edit></match>`;
}

function prefer(generic: string, family: string): string {
  const edit = `<edit name="family" mode="prepend" binding="strong"><string>${family}</string></edit>`;
  return `<match target="pattern"><test name="family"><string>${generic}</string></test>${edit}</match>`;
}
