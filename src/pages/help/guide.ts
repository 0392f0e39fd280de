import type { MessageKey, Translator } from '../../kernel/i18n.ts';

/** One or more sentences of the guide; `href` is the target of the link in them. */
export interface Passage {
  readonly key: MessageKey;
  readonly href?: string;
}

/** "contact": how to reach the administrators, as they wrote it. */
export type Block =
  | { readonly kind: 'text' | 'contact'; readonly passage: Passage }
  | { readonly kind: 'steps' | 'list'; readonly passages: readonly Passage[] };

export interface Section {
  /** The fragment for links: `/help/two-factor#lost-access`. */
  readonly id: string;
  readonly heading: MessageKey;
  readonly blocks: readonly Block[];
}

const text = (key: MessageKey): Block => ({ kind: 'text', passage: { key } });
const steps = (...passages: readonly (MessageKey | Passage)[]): Block => ({
  kind: 'steps',
  passages: passages.map(passageOf),
});
const list = (...keys: readonly MessageKey[]): Block => ({ kind: 'list', passages: keys.map(passageOf) });

function passageOf(passage: MessageKey | Passage): Passage {
  return typeof passage === 'string' ? { key: passage } : passage;
}

const OPEN: Passage = { key: 'help.open', href: '/profile/two-factor' };

/** The guide to 2FA. Source of the served page and of `docs/user-guide.md`. */
export const GUIDE: readonly Section[] = [
  {
    id: 'methods',
    heading: 'help.about.title',
    blocks: [
      text('help.about.text'),
      list('help.about.app', 'help.about.email'),
      text('help.about.authenticator'),
      text('help.about.mandatory'),
      text('help.about.unoffered'),
    ],
  },
  {
    id: 'set-up-app',
    heading: 'method.app.set-up',
    blocks: [
      steps(
        OPEN,
        'help.set-up-app.choose',
        'help.set-up-app.scan',
        'help.set-up-app.name',
        'help.set-up-app.code',
      ),
      text('help.set-up.created'),
    ],
  },
  {
    id: 'set-up-email',
    heading: 'method.email.set-up',
    blocks: [
      steps(OPEN, 'help.set-up-email.choose', 'help.set-up-email.name', 'help.set-up-email.code'),
      text('help.set-up.created'),
    ],
  },
  {
    id: 'sign-in',
    heading: 'help.sign-in.title',
    blocks: [
      steps('help.sign-in.password', 'help.sign-in.code'),
      text('help.sign-in.problems'),
      list(
        'help.sign-in.app',
        'help.sign-in.email',
        'help.sign-in.no-email',
        'help.sign-in.wait',
        'help.sign-in.other',
        'help.sign-in.after-reset',
      ),
    ],
  },
  {
    id: 'edit',
    heading: 'help.edit.title',
    blocks: [steps(OPEN, 'help.edit.choose', 'help.edit.save')],
  },
  {
    id: 'replace',
    heading: 'help.replace.title',
    blocks: [
      steps(OPEN, 'help.edit.choose', 'help.replace.press', 'help.replace.set-up'),
      text('help.replace.until'),
    ],
  },
  {
    id: 'remove',
    heading: 'help.remove.title',
    blocks: [steps(OPEN, 'help.edit.choose', 'help.remove.press'), text('help.remove.last')],
  },
  {
    id: 'recovery-codes',
    heading: 'recovery.title',
    blocks: [
      text('recovery.about'),
      steps(OPEN, 'help.recovery.make', 'help.recovery.save'),
      text('recovery.new-kills-old'),
      text('help.recovery.use'),
    ],
  },
  {
    id: 'lost-access',
    heading: 'lost-access.title',
    blocks: [
      text('help.lost.text'),
      steps('help.lost.other', 'help.lost.recovery', 'help.lost.ask'),
      { kind: 'contact', passage: { key: 'lost-access.contact-unknown' } },
      text('lost-access.then'),
      text('help.lost.stolen'),
    ],
  },
  {
    id: 'trusted-browsers',
    heading: 'trust.title',
    blocks: [
      text('help.trusted.text'),
      text('help.trusted.back'),
      steps({ key: 'help.trusted.open', href: '/profile/sign-ins' }, 'help.trusted.end'),
      text('help.trusted.ends'),
    ],
  },
  {
    id: 'apps',
    heading: 'home.apps',
    blocks: [text('help.apps.open'), text('help.apps.more'), text('help.apps.sign-out')],
  },
];

/** Values for the guide's texts: the names of pages, fields and buttons, exactly as they are shown. */
export function namesOnPages({ t }: Translator): Readonly<Record<string, string>> {
  /** The visible part of a text, without the part for screen readers. */
  const seen = (key: MessageKey) => t(key).replace(/<hidden>.*<\/hidden>/, '');
  return {
    app: t('method.app.title'),
    authenticatorName: t('field.authenticator-name'),
    continue: t('code.submit'),
    edit: seen('two-factor.edit'),
    email: t('method.email.title'),
    lostAccess: t('code.lost-access'),
    makeCodes: t('recovery.make'),
    makeNewCodes: t('recovery.manage'),
    myProfile: t('menu.my-profile'),
    openApp: t('method.app.open'),
    recoveryCodes: t('recovery.title'),
    remove: t('two-factor.remove'),
    renewCodes: t('recovery.renew'),
    replace: t('two-factor.replace'),
    saveName: t('two-factor.save-name'),
    send: t('code.send'),
    sendAgain: t('code.send-again'),
    setUpApp: t('method.app.set-up'),
    setUpEmail: t('method.email.set-up'),
    setupKey: t('method.app.setup-key'),
    signIn: t('sign-in.submit'),
    signIns: t('sign-ins.title'),
    submit: t('enrolment.submit'),
    trustEnd: seen('trust.end'),
    useOther: t('code.use-other'),
    useRecovery: t('recovery.use'),
    verificationCode: t('page.verification-code'),
    yourTwoFactor: t('two-factor.title'),
  };
}
