import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { ACCOUNT_STATES } from '../../src/accounts/account.ts';
import { REQUEST_KINDS, REQUEST_STANDINGS } from '../../src/administration/reset-request.ts';
import { APP_KINDS, REMOTE_USERS } from '../../src/apps/app.ts';
import { PROBES } from '../../src/apps/app-probe.ts';
import { FETCH_REASONS } from '../../src/apps/fetch-fault.ts';
import { CLIENT_AUTHENTICATIONS } from '../../src/apps/oidc-client.ts';
import { DISCLOSURES } from '../../src/apps/scopes.ts';
import { AUDIT_DETAILS } from '../../src/audit/details.ts';
import { AUDIT_EVENTS } from '../../src/audit/vocabulary.ts';
import { APP_COLUMNS } from '../../src/cli/apps.ts';
import { GROUP_COLUMNS } from '../../src/cli/groups.ts';
import { LIST_COLUMNS } from '../../src/cli/users.ts';
import { EXPORT_FORMATS } from '../../src/files/formats.ts';
import { MAIL_STATES } from '../../src/mail/mail.ts';
import { APP_TRAITS } from '../../src/pages/admin/apps/known-apps.ts';
import { PERSON_ACTIONS } from '../../src/pages/admin/people/person-action-list.ts';
import { FACTS } from '../../src/pages/admin/people/person-facts.ts';
import { RULE_CHOICES } from '../../src/pages/admin/policy/rule-fields.ts';
import { REQUEST_DECISIONS } from '../../src/pages/admin/requests/request-decisions.ts';
import { FIGURE_IDS, FIGURE_TABLES } from '../../src/policy/adoption.ts';
import { METHOD_IDS } from '../../src/settings/method-ids.ts';
import { TWO_FACTOR_RULES } from '../../src/settings/rule.ts';

/** Keys that are assembled at run time: their beginning, and every value that can replace the star. */
const FAMILIES: Readonly<Record<string, readonly string[]>> = {
  'app-access.*': DISCLOSURES,
  'audit.*': AUDIT_EVENTS,
  'method.*': METHOD_IDS,
  'two-factor.rule.*': TWO_FACTOR_RULES,
  'policy.rule.*': TWO_FACTOR_RULES,
  'policy.rule-about.*': TWO_FACTOR_RULES,
  'audit-detail.*': AUDIT_DETAILS,
  'audit-log.*': ['on', 'off'],
  'role.*': ['member', 'administrator'],
  'account-state.*': ['active', 'invited', 'disabled'],
  'person.fact.*': FACTS,
  'person.rule.*': TWO_FACTOR_RULES,
  'person.rule-source.*': ['site', 'group', 'person'],
  'group.rule.*': TWO_FACTOR_RULES,
  'group.rule-about.*': TWO_FACTOR_RULES,
  'grace.kind.*': RULE_CHOICES.graces,
  'person-action.*': PERSON_ACTIONS,
  'request.kind.*': REQUEST_KINDS,
  'request.standing.*': REQUEST_STANDINGS,
  'request-decision.*': REQUEST_DECISIONS,
  'export.*': EXPORT_FORMATS,
  'adoption.figure.*': FIGURE_IDS.filter((id) => !METHOD_IDS.some((method) => id.endsWith(`-${method}`))),
  'adoption.table.*': FIGURE_TABLES.map(({ id }) => id),
  'mails.state.*': MAIL_STATES,
  'cli.column.*': [...LIST_COLUMNS, ...GROUP_COLUMNS, ...APP_COLUMNS],
  'cli.role.*': ['member', 'administrator'],
  'cli.state.*': ACCOUNT_STATES,
  'app.proof.*': ['none', 'second-step', 'strong'],
  'app.remote-user.*': REMOTE_USERS,
  'app.kind.*': APP_KINDS,
  'app.kind-short.*': APP_KINDS,
  'app.client-authentication.*': CLIENT_AUTHENTICATIONS,
  'admin-apps.kind.*': APP_KINDS,
  'admin-apps.kind-about.*': APP_KINDS,
  'connect.trait.*': APP_TRAITS,
  'admin-apps.*': ['yes', 'no', 'unknown'],
  'admin-apps.probe.*': PROBES,
  'admin-apps.probe-reason.*': FETCH_REASONS,
  'error-page.*': [
    'not-found',
    'method',
    'denied',
    'stale',
    'ended',
    'no-cookie',
    'working',
    'foreign',
    'too-large',
    'malformed',
    'media-type',
    'busy',
    'down',
    'fault',
  ],
};

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const PLURAL = /_(zero|one|two|few|many|other)$/;
const KEY = /^[a-z\d]+(-[a-z\d]+)*(\.[a-z\d]+(-[a-z\d]+)*)+$/;

type Catalogue = Readonly<Record<string, string>>;

const catalogues = new Map<string, Catalogue>(
  readdirSync(`${ROOT}locales`).map((file) => [
    file.replace('.json', ''),
    JSON.parse(readFileSync(`${ROOT}locales/${file}`, 'utf8')) as Catalogue,
  ]),
);
const english = catalogues.get('en') ?? {};

const stem = (key: string) => key.replace(PLURAL, '');
const isPlural = (key: string) => PLURAL.test(key);
const placeholders = (text: string) =>
  new Set(Array.from(text.matchAll(/\{\{(\w+)\}\}/g), ([, name]) => name ?? ''));
/** The tags of a text: "<link>See <b>it</b></link>" gives ["<link>", "<b>", "</b>", "</link>"]. */
const tags = (text: string) => text.match(/<[^>]*>?/g) ?? [];

/** Separates two parts, so its spaces matter. */
const SEPARATORS: ReadonlySet<string> = new Set(['audit-log.between-details']);

/** Words on the page that guides and other people's instructions quote. */
const PROMISED: Readonly<Record<string, string>> = {
  'menu.my-profile': 'My Profile',
  'two-factor.title': 'Your 2FA',
  'method.email.title': 'Email Authentication',
  'method.app.title': 'Authentication App',
  'method.email.set-up': 'Set up email authentication',
  'method.app.set-up': 'Set up authentication app',
  'method.app.setup-key': 'Setup Key',
  'field.authenticator-name': 'Authenticator Name',
  'page.verification-code': 'Verification Code',
  'code.send': 'Send Verification Code',
  'enrolment.submit': 'Submit Code and Create',
  'two-factor.edit': 'Edit<hidden> {{name}}</hidden>',
};

function sources(folder: string, ending: string): string[] {
  return readdirSync(`${ROOT}${folder}`, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith(ending))
    .map((file) => readFileSync(`${ROOT}${folder}/${file}`, 'utf8'));
}

const views = [...sources('views', '.ejs'), ...sources('src/two-factor/methods', '.ejs')];
const code = [...sources('src', '.ts'), ...views];

/** Quoted texts, in any kind of quotes, that look like a key. */
function quotedKeys(text: string): string[] {
  return Array.from(text.matchAll(/(['"`])([^'"`\n]*?)\1/g), ([, , inner]) => inner ?? '').filter((inner) =>
    KEY.test(inner),
  );
}

/** "`method.${id}.title`" as "method.*.title", from every call that translates. */
function patternsIn(text: string): string[] {
  return Array.from(text.matchAll(/\bt\(\s*`([^`]*\$\{[^`]*)`/g), ([, pattern]) =>
    (pattern ?? '').replace(/\$\{[^}]*\}/g, '*'),
  );
}

function familyOf(pattern: string): string | undefined {
  return Object.keys(FAMILIES).find((family) => pattern.startsWith(family));
}

function membersOf(pattern: string): string[] {
  const family = familyOf(pattern);
  return (family === undefined ? [] : (FAMILIES[family] ?? [])).map((member) => pattern.replace('*', member));
}

const patterns = [...new Set(code.flatMap(patternsIn))];
const stems = new Set(Object.keys(english).map(stem));

/** The keys in `keys` that are missing in the catalogue. */
function missing(keys: readonly string[]): string[] {
  return [...new Set(keys.filter((key) => !stems.has(key)))];
}

describe('The catalogue', () => {
  it('has flat keys in lower case, and no empty text', () => {
    for (const [locale, catalogue] of catalogues) {
      const badKeys = Object.keys(catalogue).filter((key) => !KEY.test(stem(key)));
      const empty = Object.keys(catalogue).filter((key) => catalogue[key]?.trim() === '');
      assert.deepEqual({ locale, badKeys, empty }, { locale, badKeys: [], empty: [] });
    }
  });

  for (const [locale, catalogue] of catalogues) {
    it(`of "${locale}" has the keys of English, each in the plural forms of its language`, () => {
      const forms = new Intl.PluralRules(locale).resolvedOptions().pluralCategories;
      const expected = Object.keys(english).flatMap((key) => {
        return isPlural(key) ? forms.map((form) => `${stem(key)}_${form}`) : [key];
      });
      const actual = new Set(Object.keys(catalogue));
      assert.deepEqual([...new Set(expected).difference(actual)].sort(), [], 'missing');
      assert.deepEqual([...actual.difference(new Set(expected))].sort(), [], 'unknown to English');
    });

    it(`of "${locale}" has the placeholders of English in each text`, () => {
      const wrong = Object.keys(catalogue).filter((key) => {
        const own = placeholders(catalogue[key] ?? '');
        const wanted = placeholders(english[key] ?? english[`${stem(key)}_other`] ?? '');
        // "One person" and "two people" need no number.
        const optional = isPlural(key) && !key.endsWith('_other') ? new Set(['count']) : new Set<string>();
        const lost = wanted.difference(own).difference(optional);
        return lost.size > 0 || own.difference(wanted).size > 0;
      });
      assert.deepEqual(wrong, []);
    });

    it(`of "${locale}" has the tags of English in each text, each closed`, () => {
      const wrong = Object.keys(catalogue).filter((key) => {
        const own = tags(catalogue[key] ?? '');
        const wanted = tags(english[key] ?? english[`${stem(key)}_other`] ?? '');
        const isPaired = own.every((tag, index) =>
          index % 2 === 0 ? /^<[a-z-]+>$/.test(tag) : tag === own[index - 1]?.replace('<', '</'),
        );
        return !isPaired || own.length % 2 === 1 || own.toSorted().join() !== wanted.toSorted().join();
      });
      assert.deepEqual(wrong, []);
    });

    it(`of "${locale}" has no text with spaces at its ends, two spaces in a row, or invisible characters`, () => {
      const wrong = Object.entries(catalogue).filter(
        ([key, text]) =>
          (!SEPARATORS.has(key) && text !== text.trim()) ||
          /\s\s|[\p{Cc}\u2028-\u202E\u2066-\u2069\u00AD\u200B]/u.test(text),
      );
      assert.deepEqual(wrong, []);
    });
  }

  for (const [locale, catalogue] of catalogues) {
    if (locale === 'en') continue;

    it(`of "${locale}" leaves no sentence in English`, () => {
      const same = Object.keys(catalogue).filter((key) => {
        const words = (english[key] ?? '').replace(/\{\{\w+\}\}/g, '').match(/\p{L}{2,}/gu) ?? [];
        return words.length > 3 && catalogue[key] === english[key];
      });
      assert.deepEqual(same, []);
    });
  }

  it('in English has the words that guides quote', () => {
    for (const [key, words] of Object.entries(PROMISED)) assert.equal(english[key], words);
  });

  it('has tags only in texts from which the page creates elements', () => {
    const tagged = Object.keys(english).filter((key) => tags(english[key] ?? '').length > 0);
    assert.ok(tagged.length > 5, tagged.join());
    const plain = new Set(
      code.flatMap((text) =>
        Array.from(text.matchAll(/\bt\(\s*(['"`])([^'"`]+)\1/g), ([, , key]) => key ?? ''),
      ),
    );
    assert.deepEqual(
      tagged.filter((key) => plain.has(stem(key))),
      [],
    );
  });

  it('has every key that a view uses literally', () => {
    const asked = views.flatMap((view) =>
      Array.from(view.matchAll(/\b(?:t|rich)\(([^`(){}]*)/g), ([, start]) => start ?? '').flatMap(quotedKeys),
    );
    assert.ok(asked.length > 20, 'the views ask for words');
    assert.deepEqual(missing(asked), []);
  });

  it('has every key that is assembled at run time', () => {
    assert.deepEqual(
      patterns.filter((pattern) => familyOf(pattern) === undefined),
      [],
      'families not listed above',
    );
    assert.deepEqual(missing(patterns.flatMap(membersOf)), []);
  });

  it('has no unused family of keys', () => {
    const met = new Set(patterns.map(familyOf));
    assert.deepEqual(
      Object.keys(FAMILIES).filter((family) => !met.has(family)),
      [],
    );
  });

  it('has no unused key', () => {
    const used = new Set([...code.flatMap(quotedKeys), ...patterns.flatMap(membersOf)]);
    assert.ok(used.size > 20, 'the code asks for words');
    assert.deepEqual(
      [...stems].filter((key) => !used.has(key)),
      [],
    );
  });
});
