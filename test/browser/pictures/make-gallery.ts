import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Browser } from 'playwright-core';
import { allStates } from '../states/all.ts';
import { LONG } from '../states/long-words.ts';
import type { State } from '../states/studio.ts';
import { launchChromium } from '../viewer.ts';
import { Camera, type Look } from './camera.ts';
import { gallery, galleryFile, SHOWN, TURNED } from './gallery.ts';
import { GUIDE_PICTURES, pictureFile } from './guide.ts';
import { steady } from './steady.ts';

const DOCS = path.join(import.meta.dirname, '../../../docs');

const NARROW: Look = { width: 320, scale: 0.7, colours: 8, tallest: 900 };
const WIDE: Look = { width: 1280, scale: 0.4, colours: 8, tallest: 900 };
const GUIDE: Look = { width: 720, scale: 1, colours: 16, tallest: 1200 };

let total = 0;

function keep(folder: string, file: string, picture: Buffer): void {
  const full = path.join(DOCS, folder, file);
  mkdirSync(path.dirname(full), { recursive: true });
  writeFileSync(full, picture);
  total += picture.length;
}

async function take(
  browser: Browser,
  look: Look,
  states: readonly State[],
  kept: (state: State, camera: Camera) => Promise<void>,
): Promise<void> {
  const camera = await Camera.open(browser, look);
  for (const state of states) await kept(await steady(state), camera);
  await camera.close();
}

function named(states: readonly State[], names: readonly string[]): State[] {
  return names.map((name) => {
    const state = states.find((one) => one.name === name);
    if (!state) throw new Error(`There is no state ${name}.`);
    return state;
  });
}

const { states } = await allStates();
const { states: arabic } = await allStates({ language: 'ar' });
const browser = await launchChromium();

rmSync(path.join(DOCS, 'gallery'), { recursive: true, force: true });
const shown = named(states, SHOWN);
const looks = [
  ['320', NARROW, shown],
  ['1280', WIDE, shown],
  ['dark', { ...NARROW, dark: true }, named(states, TURNED)],
  ['rtl', NARROW, named(arabic, TURNED)],
] as const;
for (const [name, look, pictured] of looks) {
  await take(browser, look, pictured, async (state, camera) =>
    keep('gallery', galleryFile(state.name, name), await camera.takes(state)),
  );
}
writeFileSync(path.join(DOCS, 'gallery.md'), gallery());
process.stdout.write(`The gallery: ${SHOWN.length} states, ${Math.round(total / 1024)} KiB\n`);

rmSync(path.join(DOCS, 'pictures/guide'), { recursive: true, force: true });
const pictured = Object.values(GUIDE_PICTURES).flat();
await take(
  browser,
  GUIDE,
  named(
    states,
    pictured.map(({ state }) => state),
  ),
  async (state, camera) => {
    // Names that are too long on purpose do not help in a guide.
    const plain = { ...state, html: state.html.replaceAll(LONG.authenticator, 'Phone') };
    keep('pictures', pictureFile(state.name), await camera.takes(plain, 'main'));
  },
);
await browser.close();
