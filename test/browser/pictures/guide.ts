import type { Translator } from '../../../src/kernel/i18n.ts';
import { GUIDE, namesOnPages, type Passage, type Section } from '../../../src/pages/help/guide.ts';

/** A picture in the guide: of which state, and its alternative text. */
export interface GuidePicture {
  readonly state: string;
  readonly alt: string;
}

/** By section of the guide, in the order of its steps. */
export const GUIDE_PICTURES: Readonly<Record<string, readonly GuidePicture[]>> = {
  methods: [
    {
      state: 'two-factor/none',
      alt: 'The page “Your 2FA”: the methods “Authentication App” and “Email Authentication”, each with a button to set it up.',
    },
  ],
  'set-up-app': [
    {
      state: 'set-up-app/empty',
      alt: 'The page “Set up authentication app”: a QR code, the Setup Key in groups of four letters, and fields for the name and the code.',
    },
    {
      state: 'recovery-codes/shown',
      alt: 'A message says that “Phone” is set up. Below it are ten recovery codes, a link to download them, and the button “I have saved them. Continue”.',
    },
  ],
  'set-up-email': [
    {
      state: 'set-up-email/name',
      alt: 'The first step of “Set up email authentication”: the address, a field for the name, and the button “Send Verification Code”.',
    },
    {
      state: 'set-up-email/code',
      alt: 'The second step: when the code was sent, a field for it, and the button “Submit Code and Create”.',
    },
  ],
  'sign-in': [
    {
      state: 'sign-in-code/email',
      alt: 'The page “Enter the code from your email”: when the code was sent, a field for it, and buttons to continue and to send a new code.',
    },
  ],
  edit: [
    {
      state: 'two-factor/edit-app',
      alt: 'The page “Edit authentication app”: the name and “Save name”, then “Replace”, then “Remove”.',
    },
  ],
  replace: [
    {
      state: 'set-up-app/replacing',
      alt: 'The page “Set up authentication app” says that the new app will replace the old one, which works until then.',
    },
  ],
  remove: [
    {
      state: 'two-factor/remove-one',
      alt: 'The page asks once more: the name of the authenticator, what will change, the button “Remove” and the link “Keep it”.',
    },
  ],
  'recovery-codes': [
    {
      state: 'sign-in-code/recovery',
      alt: 'The page “Use a recovery code”: a field for the code, and an example of what one looks like.',
    },
  ],
  'lost-access': [
    {
      state: 'lost-access/empty',
      alt: 'The page “Can’t get a code?”: what to do, and a form to ask the administrators for a reset.',
    },
  ],
  'trusted-browsers': [
    {
      state: 'sign-in-code/trusted-browser-offered',
      alt: 'The page that asks for a code, with a box to tick: “Don’t ask for a code in this browser for 30 days”.',
    },
  ],
};

/** "guide/two-factor-none.png", below `docs/pictures`. */
export function pictureFile(state: string): string {
  return `guide/${state.replaceAll('/', '-')}.png`;
}

const NOTE = '<!-- Made by "npm run guide" of the words in locales/en.json: change them there. -->';

/** `docs/user-guide.md`: the text of /help/two-factor, with pictures. */
export function userGuide(words: Translator): string {
  const { t } = words;
  const names = namesOnPages(words);
  const written = ({ key }: Passage) => t(key, names).replace(/<\/?[a-z-]+>/g, '');
  const contents = GUIDE.map(({ id, heading }) => `- [${t(heading)}](#${id})`).join('\n');
  const parts = GUIDE.map((section) => sectionOf(section, t(section.heading), written));
  return `${[NOTE, `# ${t('help.title')}`, t('help.lead'), contents, ...parts].join('\n\n')}\n`;
}

function sectionOf({ id, blocks }: Section, heading: string, written: (passage: Passage) => string): string {
  const paragraphs = blocks.map((block) => {
    if (!('passages' in block)) return written(block.passage);
    const mark = (index: number) => (block.kind === 'steps' ? `${index + 1}.` : '-');
    return block.passages.map((passage, index) => `${mark(index)} ${written(passage)}`).join('\n');
  });
  const pictures = (GUIDE_PICTURES[id] ?? []).map(
    ({ state, alt }) => `![${alt}](pictures/${pictureFile(state)})`,
  );
  // The headings' own anchors are made from their text; these are the served page's, and stay the same when texts change.
  return [`<a id="${id}"></a>`, `## ${heading}`, ...paragraphs, ...pictures].join('\n\n');
}
