import assert from 'node:assert/strict';
import { loadWords, type MessageKey } from '../../src/kernel/i18n.ts';

const HOUR = 3_600_000;

describe('The texts', () => {
  const words = loadWords();
  const english = words.for('en');
  const arabic = words.for('ar');

  it('have languages that are named in themselves, English first', () => {
    assert.deepEqual(words.locales[0], { code: 'en', name: 'English' });
    assert.ok(words.locales.some(({ code, name }) => code === 'ar' && name === 'العربية'));
    for (const { code, name } of words.locales) {
      assert.notEqual(name, code);
      assert.doesNotMatch(name, /^\p{Ll}/u);
    }
  });

  for (const { code, name } of words.locales) {
    const language = words.for(code);

    it(`in ${name} run in the direction of their script`, () => {
      const sample = language.t('code.other-text');
      const letters = sample.match(/\p{L}/gu) ?? [];
      const turned = letters.filter((letter) => /[\p{Script=Arabic}\p{Script=Hebrew}]/u.test(letter));
      assert.equal(language.dir, turned.length > letters.length / 2 ? 'rtl' : 'ltr', sample);
    });

    it(`in ${name} get dates, times, durations and plural forms from the runtime`, () => {
      assert.deepEqual(Intl.DateTimeFormat.supportedLocalesOf(code), [code]);
      assert.deepEqual(Intl.NumberFormat.supportedLocalesOf(code), [code]);
      assert.deepEqual(Intl.DurationFormat.supportedLocalesOf(code), [code]);
      assert.deepEqual(Intl.PluralRules.supportedLocalesOf(code), [code]);
    });

    it(`in ${name} show the year, the month as a word, the hour and UTC, in UTC`, () => {
      const plain = new Intl.NumberFormat(code, { useGrouping: false });
      const moment = Date.UTC(2030, 0, 31, 14, 3, 59);
      const said = language.when(moment);
      for (const part of [plain.format(2030), plain.format(31), plain.format(14), 'UTC'])
        assert.ok(said.includes(part), said);
      assert.match(said.replace('UTC', ''), /\p{L}/u);
      assert.doesNotMatch(language.day(moment), / /);
      assert.ok(language.time(moment).includes(plain.format(59)), language.time(moment));
    });

    it(`in ${name} show different durations differently`, () => {
      const lengths = [1000, 30_000, 60_000, 600_000, HOUR, 2 * HOUR, HOUR + 60_000];
      const said = new Set(lengths.map((milliseconds) => language.duration(milliseconds)));
      assert.equal(said.size, lengths.length, [...said].join('; '));
    });
  }

  it('isolate a value inside right-to-left text', () => {
    assert.equal(
      arabic.t('two-factor.removed', { name: 'a@b.example' }),
      'تمت إزالة «\u2068a@b.example\u2069».',
    );
    assert.equal(english.t('two-factor.removed', { name: 'هاتف' }), '“هاتف” has been removed.');
  });

  it('are English if the requested language does not exist', () => {
    assert.equal(words.for('tlh').locale, 'en');
  });

  it('throw for a key without a text, in every language', () => {
    for (const translator of [english, arabic]) {
      assert.throws(() => translator.t('no.such-key' as MessageKey), /no words for "no\.such-key"/);
      assert.equal(translator.knows('no.such-key'), false);
      assert.equal(translator.knows('menu.sign-out'), true);
    }
  });

  it('insert values literally: neither as markup, nor as references to other texts', () => {
    const site = '<b>$t(menu.sign-out) {{site}} & "Söhne"';
    assert.equal(english.t('mail.help', { site }), `Need help? Ask the administrator of ${site}.`);
  });

  it('use the plural form of each number, whichever was requested before', () => {
    const said = [0, 1, 2, 3, 11, 100, 1].map((count) => arabic.t('recovery.left', { count }));
    assert.equal(new Set(said).size, 6, said.join('; '));
    assert.equal(said.at(-1), said[1]);
    assert.deepEqual(
      [1, 2, 1].map((count) => english.t('recovery.left', { count })),
      ['You have 1 unused code.', 'You have 2 unused codes.', 'You have 1 unused code.'],
    );
  });

  it('format numbers as the language does', () => {
    assert.equal(english.t('page.page-number', { page: 1234 }), 'Page 1,234');
    assert.equal(english.number(1234.5), '1,234.5');
  });

  it('show times in UTC', () => {
    const moment = Date.UTC(2030, 0, 31, 14, 3, 59);
    assert.equal(english.when(moment), '31 January 2030 at 14:03 UTC');
    assert.match(arabic.when(moment), /^31 يناير 2030 .* 14:03 UTC$/);
  });

  for (const [locale, said] of [
    ['en', '30 November 2026 at 22:55 GMT+9'],
    ['ar', '30 نوفمبر 2026 في 22:55 غرينتش+9'],
    ['de', '30. November 2026 um 22:55 GMT+9'],
    ['es', '30 de noviembre de 2026 a las 22:55 GMT+9'],
    ['fr', '30 novembre 2026 à 22:55 UTC+9'],
    ['he', '30 בנובמבר 2026 בשעה 22:55 GMT\u200e+9\u200e'],
    ['ja', '2026年11月30日 22:55 JST'],
  ] as const) {
    it(`in "${locale}" show times in a zone, and name it`, () => {
      const language = words.for(locale, 'Asia/Tokyo');
      const moment = Date.UTC(2026, 10, 30, 13, 55);
      assert.equal(language.timeZone, 'Asia/Tokyo');
      assert.equal(language.when(moment), said);
      assert.notEqual(language.day(moment + 2 * HOUR), words.for(locale).day(moment + 2 * HOUR));
      assert.notEqual(language.time(moment), words.for(locale).time(moment));
    });
  }

  it('show times in UTC if the zone is unknown', () => {
    assert.equal(words.for('en', 'Mars/Olympus').when(0), '1 January 1970 at 00:00 UTC');
  });

  for (const [text, locale] of [
    ['de', 'de'],
    ['de-AT', 'de'],
    ['pt_BR', undefined],
    ['ES_mx', 'es'],
    ['iw', 'he'],
    ['Deutsch', 'de'],
    ['german', 'de'],
    ['allemand', 'de'],
    ['Français', 'fr'],
    ['francais', 'fr'],
    [' 日本語 ', 'ja'],
    ['العربية', 'ar'],
    ['עברית', 'he'],
    ['Klingon', undefined],
    ['', undefined],
    ['x'.repeat(1_000_000), undefined],
  ] as const) {
    it(`are ${locale ?? 'none'} if the input is ${JSON.stringify(text.slice(0, 20))}`, () => {
      assert.equal(words.named(text), locale);
    });
  }

  it('never round a duration down', () => {
    assert.equal(english.duration(0), '0 seconds');
    assert.equal(english.duration(1), '1 second');
    assert.equal(english.duration(29_001), '30 seconds');
    assert.equal(english.duration(59_001), '1 minute');
    assert.equal(english.duration(60_001), '2 minutes');
    assert.equal(english.duration(10 * 60_000), '10 minutes');
    assert.equal(english.duration(HOUR - 1), '1 hour');
    assert.equal(english.duration(HOUR + 1), '1 hour, 1 minute');
    assert.equal(english.duration(24 * HOUR), '24 hours');
    assert.equal(arabic.duration(120_000), 'دقيقتان');
  });

  for (const [header, chosen] of [
    [undefined, 'en'],
    ['', 'en'],
    ['ar', 'ar'],
    ['AR-eg', 'ar'],
    ['eo, ar;q=0.8, en;q=0.9', 'en'],
    ['eo, ar;q=0.9, en;q=0.8', 'ar'],
    ['en, ar', 'en'],
    ['ar;q=0, eo', 'en'],
    ['*, ar;q=0.5', 'ar'],
    ['ar;q=high, en', 'en'],
    ['ar;q=high, eo', 'ar'],
    ['ar;q=1.001', 'ar'],
    ['en;q=.7, ar;q=.8', 'ar'],
    ['en; q = 0.7, ar;q=0.8', 'ar'],
    ['ar_EG', 'ar'],
    ['iw-IL', 'he'],
    ['iw', 'he'],
    ['in-ID, ji, fr', 'fr'],
    ['nb, pt-BR, zh-Hant-TW, de-Latn-AT-1996', 'de'],
    ['arc, arz', 'en'],
    [',;q=,ar ; q=0.1', 'ar'],
    ['x'.repeat(5000), 'en'],
  ] as const) {
    it(`are ${chosen} for the browser's ${JSON.stringify(header?.slice(0, 40))}`, () => {
      assert.equal(words.choose(header, null, 'en'), chosen);
    });
  }

  it("follow the person's choice before the browser's languages, if it still exists", () => {
    assert.equal(words.choose('en', 'ar', 'fr'), 'ar');
    assert.equal(words.choose('ar', 'tlh', 'fr'), 'ar');
  });

  it("are the site's if the browser names no known language, and English if the site's is unknown", () => {
    for (const header of [undefined, '', '*', 'tlh, x-pirate', 'de;q=0']) {
      assert.equal(words.choose(header, null, 'fr'), 'fr');
      assert.equal(words.choose(header, 'tlh', 'tlh'), 'en');
    }
    assert.equal(words.choose('tlh, ja', null, 'fr'), 'ja');
  });
});
