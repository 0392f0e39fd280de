import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { type ConfigData, HtmlValidate, StaticConfigLoader } from 'html-validate';
import { z } from 'zod';
import { requireTool } from '../support/tools.ts';
import { allStates } from './states/all.ts';
import type { State } from './states/studio.ts';

const VNU = createRequire(import.meta.url).resolve('vnu-jar/build/dist/vnu.jar');

const RULES: ConfigData = {
  root: true,
  extends: ['html-validate:recommended', 'html-validate:document', 'html-validate:a11y'],
  rules: {
    // The error summary's heading is before the page's own, where people find it first.
    'heading-level': ['error', { minInitialRank: 'h2' }],
    // Script and style come from the site itself.
    'require-sri': ['error', { target: 'crossorigin' }],
    // Names of people and sites are free text.
    'long-title': 'off',
    // The spaces of a QR code made of characters are part of the drawing.
    'no-trailing-whitespace': 'off',
  },
};

const vnuOutput = z.object({
  messages: z.array(z.object({ url: z.string(), lastLine: z.number().optional(), message: z.string() })),
});

/** Checked together with the pages, in the same run: Java starts slowly. */
const WRONG = 'wrong.html';

describe('The markup of all pages in all states', () => {
  let english: readonly State[];
  let arabic: readonly State[];
  /** The findings of the Nu HTML checker, one per line. */
  let messages: readonly string[];
  before(async () => {
    ({ states: english } = await allStates());
    ({ states: arabic } = await allStates({ language: 'ar' }));
    const fileOf = ({ name, html }: State, language: string) =>
      [`${name.replace('/', ' ')} ${language}.html`, html] as const;
    const files = new Map([
      ...english.map((state) => fileOf(state, 'en')),
      ...arabic.map((state) => fileOf(state, 'ar')),
      [WRONG, '<!DOCTYPE html><html lang="en"><title>Wrong</title><p id="a"></p><p id="a"></p></html>'],
    ]);
    assert.equal(files.size, english.length + arabic.length + 1);
    messages = await nuMessages(files);
  });

  it('is valid by the Nu HTML checker, without a warning', () => {
    report(messages.filter((message) => !message.startsWith(WRONG)));
  });

  it('is refused by the Nu HTML checker if it is wrong', () => {
    assert.match(messages.join('\n'), /^wrong\.html.*Duplicate ID/m);
  });

  it('declares its language and direction', () => {
    for (const [states, lang, dir] of [
      [english, 'en', 'ltr'],
      [arabic, 'ar', 'rtl'],
    ] as const) {
      for (const { name, headers, html } of states) {
        assert.ok(html.startsWith(`<!DOCTYPE html>\n<html lang="${lang}" dir="${dir}">`), `${lang} ${name}`);
        assert.equal(headers['content-language'], lang, name);
      }
    }
  });

  it('is valid by html-validate, with its rules of accessibility', async () => {
    const checker = new HtmlValidate(new StaticConfigLoader(RULES));
    const found: string[] = [];
    for (const { name, html } of english) {
      const { results } = await checker.validateString(html);
      for (const { line, ruleId, message } of results.flatMap(({ messages }) => messages)) {
        found.push(`${name}:${line} ${ruleId}: ${message}`);
      }
    }
    report(found);
  });
});

/** The checker's findings for these files, in one run. */
async function nuMessages(files: ReadonlyMap<string, string>): Promise<string[]> {
  const folder = mkdtempSync(path.join(tmpdir(), 'postern-vnu-'));
  try {
    for (const [name, html] of files) writeFileSync(path.join(folder, name), html);
    const options = ['-Xss4m', '-jar', VNU, '--format', 'json', '--stdout', '--exit-zero-always', folder];
    const { stdout } = await promisify(execFile)(requireTool('java'), options, { maxBuffer: 2 ** 26 });
    return vnuOutput
      .parse(JSON.parse(stdout))
      .messages.map(
        ({ url, lastLine, message }) => `${decodeURI(path.basename(url))}:${lastLine} ${message}`,
      );
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function report(found: readonly string[]): void {
  if (found.length > 0) assert.fail([`${found.length} findings`, ...found.slice(0, 30)].join('\n'));
}
