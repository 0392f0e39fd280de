import assert from 'node:assert/strict';
import type { Actor } from '../../src/audit/audit.ts';
import { letterLanguages } from '../../src/mail/letter-language.ts';
import { MAILS, type MailKind } from '../../src/mail/vocabulary.ts';
import { letterOf, ORIGIN } from './post-under-test.ts';

const ID = '01ANN';
const ANN = { id: ID, email: 'ann@example.org', name: 'Ann', locale: null, knownLanguage: null };
/** An address without an account. */
const SUE = { ...ANN, id: null };

/** The causes of a mail: a page in Japanese, or no page. */
const ACTORS = {
  'the person': actor(ID, 'ja'),
  'somebody else who is signed in': actor('01ADA', 'ja'),
  'a stranger': actor(null, 'ja'),
  'the command line': actor(null, undefined),
} as const satisfies Record<string, Actor>;

/** Mails that a thief with only the password can cause: the page may be the thief's. */
const WARNINGS: readonly MailKind[] = [
  'second step failed',
  'authenticator blocked',
  'trusted browser copied',
  'reset requested',
];

function actor(id: string | null, language: string | undefined): Actor {
  return { party: { id, label: 'x' }, origin: { ...ORIGIN, ...(language && { language }) } };
}

describe('The language of a mail', () => {
  const first = (
    to: typeof ANN | typeof SUE,
    who: keyof typeof ACTORS,
    facts: { readonly locale?: string; readonly knownLanguage?: string } = {},
    kind: MailKind = 'password changed',
  ) => letterLanguages({ to: { ...to, ...facts }, kind, actor: ACTORS[who], site: 'fr' })[0];

  for (const kind of Object.keys(MAILS) as MailKind[]) {
    describe(`of the kind "${kind}"`, () => {
      const isWarning = WARNINGS.includes(kind);

      it('is the one that the person has chosen, whoever causes it', () => {
        for (const who of Object.keys(ACTORS) as (keyof typeof ACTORS)[]) {
          assert.equal(first(ANN, who, { locale: 'ar', knownLanguage: 'de' }, kind), 'ar', who);
        }
      });

      it(`is ${isWarning ? 'the one that they are known to read, not' : "that of the person's own page"} if they caused it`, () => {
        assert.equal(first(ANN, 'the person', { knownLanguage: 'de' }, kind), isWarning ? 'de' : 'ja');
        assert.equal(first(ANN, 'the person', {}, kind), 'ja');
      });

      it("is never that of an administrator's page", () => {
        const who = 'somebody else who is signed in';
        assert.equal(first(ANN, who, { knownLanguage: 'de' }, kind), 'de');
        assert.equal(first(ANN, who, {}, kind), 'fr');
        assert.equal(first(SUE, who, {}, kind), 'fr');
      });

      it("is that of a stranger's page only if nothing is known", () => {
        assert.equal(first(ANN, 'a stranger', { knownLanguage: 'de' }, kind), 'de');
        assert.equal(first(ANN, 'a stranger', {}, kind), 'ja');
        assert.equal(first(SUE, 'a stranger', {}, kind), 'ja');
      });

      it("is the site's if there is no page and nothing is known", () => {
        assert.equal(first(ANN, 'the command line', { knownLanguage: 'de' }, kind), 'de');
        assert.equal(first(ANN, 'the command line', {}, kind), 'fr');
      });
    });
  }

  it('is the next one if the first has no texts, and English if none has', async () => {
    const message = { kind: 'sign-up again' } as const;
    const written = async (to: typeof ANN & { locale: string | null }, site: string) =>
      (await letterOf(message, to, { actor: ACTORS['the person'], settings: { language: site } })).language;
    assert.equal(await written({ ...ANN, locale: 'tlh' as never }, 'fr'), 'ja');
    assert.equal(await written(ANN, 'fr'), 'ja');
    const nobody = { actor: ACTORS['the command line'], settings: { language: 'tlh' } };
    assert.equal((await letterOf(message, ANN, nobody)).language, 'en');
  });
});
