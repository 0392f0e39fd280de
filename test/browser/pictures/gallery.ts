/** The gallery's pages: each as people usually see it, and the states with the most content. */
export const SHOWN: readonly string[] = [
  ...['sign-in/empty', 'sign-in/refused', 'sign-in/throttled'],
  ...['sign-in-code/app', 'sign-in-code/email', 'sign-in-code/several-ways', 'sign-in-code/app-wrong'],
  ...['sign-in-code/other', 'sign-in-code/recovery', 'lost-access/empty', 'forgotten-password/sent'],
  ...['first-set-up/choose', 'first-set-up/recovery-codes', 'grace/offered', 'two-factor/suggestion'],
  ...['home/without-two-factor', 'home/with-help-center', 'profile/with-two-factor', 'profile/activity'],
  ...['two-factor/none', 'two-factor/email-created', 'two-factor/blocked', 'two-factor/edit-app'],
  ...[
    'two-factor/remove-last',
    'set-up-app/empty',
    'set-up-app/wrong',
    'set-up-email/name',
    'set-up-email/code',
  ],
  ...['recovery-codes/shown', 'sign-ins/several', 'step-up/password', 'help/signed-in'],
  ...['people/long-names', 'person/with-authenticators', 'policy/as-it-is', 'groups/some', 'group/members'],
  ...[
    'adoption/groups',
    'policy/preview',
    'person/mails',
    'requests/several',
    'request/open',
    'import/checked',
  ],
  ...['audit-log/few', 'error/not-found', 'error/down'],
];

/** Of those, the ones that are shown in the dark and from right to left as well: one of each kind of page. */
export const TURNED: readonly string[] = [
  'sign-in/refused',
  'sign-in-code/several-ways',
  'sign-in-code/other',
  'set-up-app/empty',
  'set-up-email/code',
  'recovery-codes/shown',
  'two-factor/email-created',
  'two-factor/edit-app',
  'two-factor/remove-last',
  'profile/with-two-factor',
  'sign-ins/several',
  'people/long-names',
  'person/with-authenticators',
  'audit-log/few',
  'help/signed-in',
  'error/not-found',
];

/** "sign-in/refused-320.png", below `docs/gallery`. */
export function galleryFile(state: string, look: string): string {
  return `${state}-${look}.png`;
}

const NOTE = '<!-- Made by "npm run gallery". -->';

const INTRODUCTION = `Pages in Chromium, in a window of 320 pixels (scaled to 70 %) and of 1280 pixels (scaled to 40 %); long pages are cut off. At the
end, some of them in dark mode and right to left. They are a part of the states that the tests check (\`test/browser/states\`); ids,
codes and keys are examples.

After a change of the style or of the texts, \`npm run gallery\` renews the pictures.`;

/** `docs/gallery.md`. */
export function gallery(): string {
  const parts = Map.groupBy(SHOWN, (name) => name.split('/')[0] ?? '');
  const sections = [...parts].map(([part, ofPart]) =>
    [`## ${part}`, ...ofPart.map((name) => rowOf(name, ['320', '1280']))].join('\n\n'),
  );
  const selection = [
    '## Dark, and from right to left',
    ...TURNED.map((name) => rowOf(name, ['dark', 'rtl'])),
  ];
  return `${[NOTE, '# Gallery', INTRODUCTION, ...sections, ...selection].join('\n\n')}\n`;
}

const LOOKS: Readonly<Record<string, string>> = {
  320: '320 pixels wide',
  1280: '1280 pixels wide',
  dark: 'in the dark',
  rtl: 'in Arabic',
};

function rowOf(name: string, looks: readonly string[]): string {
  const images = looks.map(
    (look) => `<img alt="${name}, ${LOOKS[look]}" src="gallery/${galleryFile(name, look)}" loading="lazy">`,
  );
  return `### ${name}\n\n${images.join('\n')}`;
}
