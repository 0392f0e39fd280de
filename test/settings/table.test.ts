import assert from 'node:assert/strict';
import { Command } from 'commander';
import { z } from 'zod';
import { Audit } from '../../src/audit/audit.ts';
import { withSettingOptions } from '../../src/cli/arguments.ts';
import { listedSettings } from '../../src/cli/policy.ts';
import { loadWords } from '../../src/kernel/i18n.ts';
import { detailsInWords } from '../../src/pages/admin/audit/audit-details.ts';
import {
  inPlaces,
  SETTING_FIELDS,
  settingFieldsInWords,
  settingShape,
  typedSettings,
} from '../../src/pages/admin/policy/setting-fields.ts';
import { SettingsChanges } from '../../src/policy/settings-changes.ts';
import {
  type Definitions,
  languageOfCatalogue,
  line,
  numberUpTo,
  onOff,
} from '../../src/settings/definition.ts';
import { DEFAULT_SETTINGS, SETTINGS, type Settings } from '../../src/settings/settings.ts';
import { auditedSettings, changesBy, endsTrust, fieldsOf, settingsSchema } from '../../src/settings/table.ts';
import { KnexSettingsStore } from '../../src/storage/settings.ts';
import { transactOn } from '../../src/storage/sql/transaction.ts';
import { parseValues } from '../../src/web/forms.ts';
import { Views } from '../../src/web/views.ts';
import { SQLITE, useDatabase } from '../support/databases.ts';
import { MemoryAudit } from '../support/memory.ts';
import { OPERATOR } from '../support/portal.ts';

const LANGUAGES = loadWords();
const WORDS = LANGUAGES.for('en');
const ADA = { ...OPERATOR, party: { id: 'ada', label: 'ada@example.org' } };

describe('The table of settings', () => {
  it('names every setting with a form field, each once', () => {
    const names = fieldsOf().map(({ name }) => name);
    assert.deepEqual(SETTING_FIELDS.map(({ name }) => name).sort(), names.toSorted());
  });

  it('has defaults that storage and form accept', () => {
    assert.deepEqual(settingsSchema().parse(DEFAULT_SETTINGS), DEFAULT_SETTINGS);
    const typed = typedSettings(SETTING_FIELDS, DEFAULT_SETTINGS);
    const form = parseValues(z.object(settingShape(SETTING_FIELDS, LANGUAGES)), typed);
    assert.ok(form.ok);
    const changes = changesBy(form.values, DEFAULT_SETTINGS);
    assert.deepEqual(DEFAULT_SETTINGS, { ...DEFAULT_SETTINGS, ...changes });
  });

  it('keeps the stored values that a change does not name', () => {
    const present = { ...DEFAULT_SETTINGS, resets: { secondApproval: true, waitingHours: 5 } };
    assert.deepEqual(changesBy({ waitingHours: 7 }, present), {
      resets: { secondApproval: true, waitingHours: 7 },
    });
    assert.deepEqual(changesBy({}, present), {});
  });

  it('accepts no setting from a form that has no field for it', () => {
    const foreign = {
      twoFactor: 'off',
      pendingResets: null,
      mandatorySince: 1,
      resets: null,
      colour: 'blue',
    };
    assert.deepEqual(changesBy(foreign, DEFAULT_SETTINGS), {});
  });

  it('describes each setting in the audit log, and nothing that follows from others', () => {
    assert.deepEqual(auditedSettings(DEFAULT_SETTINGS), {
      ...{ rule: 'optional', methods: 'app, email', grace: 'none', sender: '', 'help-contact': '' },
      ...{ 'sign-up': 'off', 'site-name': 'Help Center', 'second-approval': 'off', 'waiting-hours': '0' },
      ...{ 'trust-days': '0', language: 'en', 'time-zone': 'UTC' },
    });
  });

  it('ends the trust in browsers only with another rule, other methods or other days of trust', () => {
    const ends = (changes: Partial<Settings>) =>
      endsTrust(DEFAULT_SETTINGS, { ...DEFAULT_SETTINGS, ...changes });
    assert.equal(ends({ twoFactor: { rule: 'off', methods: ['app', 'email'] } }), true);
    assert.equal(ends({ twoFactor: { rule: 'optional', methods: ['app'] } }), true);
    assert.equal(ends({ trustDays: 1 }), true);
    assert.equal(
      ends({ ...DEFAULT_SETTINGS, twoFactor: { rule: 'optional', methods: ['app', 'email'] } }),
      false,
    );
    assert.equal(
      ends({ grace: { kind: 'days', days: 1 }, siteName: 'Other', sender: 'a@example.org' }),
      false,
    );
  });
});

/** Texts from the catalogues: their meaning does not matter here. */
const words = {
  label: 'policy.trust-days',
  hint: 'policy.trust-days-hint',
  audit: 'audit-detail.events',
} as const;
const option = { about: 'cli.option.time-zone', listed: 'cli.policy-time-zone' } as const;

const MADE_UP: Definitions = {
  ...SETTINGS,
  quietHours: numberUpTo(24, 'policy.trust-days-form', {
    default: 8,
    words,
    option: { ...option, argument: 'number', refused: 'cli.waiting-hours-form' },
    weakens: (before, after) => after > before,
    endsTrust: true,
  }),
  isQuiet: onOff({
    default: false,
    words: { ...words, legend: 'policy.sign-up' },
    option: { ...option, argument: 'on|off' },
  }),
  motto: line(20, { default: 'Hello', missing: 'error.site-name-missing', words }),
  tongue: languageOfCatalogue({ default: 'en', words }),
};

describe('A setting added to the table', () => {
  const database = useDatabase(SQLITE);
  const fields = inPlaces(fieldsOf(MADE_UP), ['quietHours', 'isQuiet', 'motto', 'tongue']);
  const form = (typed: object) => parseValues(z.object(settingShape(fields, LANGUAGES)), typed);
  const typed = { quietHours: '9', isQuiet: 'on', motto: 'Hi', tongue: 'de' };
  const settings = () => new KnexSettingsStore(database(), MADE_UP);
  const valuesOf = (found: Settings) => fields.map(({ valueIn }) => valueIn(found));

  /** The changes by administrators, with their effects. */
  function changes() {
    const audit = new MemoryAudit();
    const told: string[] = [];
    let clearings = 0;
    const never = () => assert.fail('it is not asked for');
    const made = new SettingsChanges({
      settings: settings(),
      accounts: { find: never },
      administrators: { tell: async (notice: string) => void told.push(notice) } as never,
      trust: {
        clear: async () => {
          clearings += 1;
        },
      },
      audit: new Audit({ store: audit, clock: Date.now, transaction: transactOn(database()) }),
      policyLock: transactOn(database()),
      clock: Date.now,
      table: MADE_UP,
    });
    return { made, audit, told, clearings: () => clearings };
  }

  it('has its default, is stored with its name, and is read by every instance', async () => {
    assert.deepEqual(valuesOf(await settings().read()), [8, false, 'Hello', 'en']);
    const parsed = form(typed);
    assert.ok(parsed.ok);
    await settings().change(changesBy(parsed.values, DEFAULT_SETTINGS, MADE_UP));
    assert.deepEqual(valuesOf(await settings().read()), [9, true, 'Hi', 'de']);
    const row = await database()('settings').where({ name: 'quietHours' }).first();
    assert.equal(row.value, '9');
    await database()('settings').where({ name: 'quietHours' }).update({ value: '"nine"' });
    await assert.rejects(settings().read());
  });

  it('is parsed by its kind, with errors in the order of the page', () => {
    const parsed = form({ quietHours: '25', motto: ' ', isQuiet: 'perhaps', tongue: 'xx' });
    assert.deepEqual(!parsed.ok && parsed.errors.map(({ field, key }) => [field, key]), [
      ['quietHours', 'policy.trust-days-form'],
      ['isQuiet', 'policy.not-a-tick'],
      ['motto', 'error.site-name-missing'],
      ['tongue', 'error.language-unknown'],
    ]);
  });

  it('has a field with its value in the form', () => {
    const view = new Views({
      t: WORDS.t,
      errorsOf: () => [],
      form: {
        errors: [],
        values: typedSettings(fields, { quietHours: 9, isQuiet: true, motto: 'Hi' } as never),
      },
    });
    const [number, box, text, choice] = settingFieldsInWords(fields, WORDS, LANGUAGES).map((field) =>
      view.render('/admin/setting-field', { field }),
    );
    assert.match(number ?? '', /name="quietHours" type="text"\s+value="9" inputmode="numeric"/);
    assert.match(box ?? '', /name="isQuiet" type="checkbox" value="on" checked/);
    assert.match(text ?? '', /name="motto" type="text"\s+value="Hi" dir="auto".* aria-required="true"/);
    assert.match(choice ?? '', /<select id="tongue".*<option value="de" lang="de">Deutsch/s);
  });

  it('is changed and recorded, with the warning and the end of trust in its entry', async () => {
    const { made, audit, told, clearings } = changes();
    const parsed = form(typed);
    assert.ok(parsed.ok);
    const wanted = changesBy(parsed.values, DEFAULT_SETTINGS, MADE_UP);
    assert.equal(await made.change(wanted, ADA), 'changed');
    assert.equal(await made.change(wanted, ADA), 'unchanged');
    const detail = { 'quiet-hours': '8 → 9', 'is-quiet': 'off → on', motto: 'Hello → Hi', tongue: 'en → de' };
    assert.deepEqual(
      audit.events.map(({ event, detail }) => [event, detail]),
      [['policy.changed', detail]],
    );
    assert.deepEqual([told, clearings()], [['policy weakened'], 1]);
    assert.equal(
      detailsInWords({ 'is-quiet': 'off → on', strange: 'off → on' }, WORDS, MADE_UP),
      'Entries: on (before: off); strange: on (before: off)',
    );
    assert.match(
      detailsInWords({ 'is-quiet': 'off → on' }, LANGUAGES.for('de'), MADE_UP),
      /ein \(vorher: aus\)/,
    );
  });

  it('is accepted and listed by the command line', () => {
    const set = (...args: string[]) => {
      const command = withSettingOptions(new Command(), WORDS, LANGUAGES, MADE_UP)
        .exitOverride()
        .configureOutput({ writeErr: () => {} });
      return command.parse(args, { from: 'user' }).opts();
    };
    assert.deepEqual(set('--quiet-hours', '9', '--is-quiet', 'off'), { quietHours: 9, isQuiet: false });
    assert.throws(() => set('--quiet-hours', '25'), /a whole number from 0 to 168 is needed/);
    assert.throws(() => set('--is-quiet', 'maybe'), /Allowed choices are on, off/);
    assert.throws(() => set('--motto', 'Hi'), /unknown option/, 'its entry names no option');
    const changed = {
      ...DEFAULT_SETTINGS,
      ...changesBy(set('--quiet-hours', '9'), DEFAULT_SETTINGS, MADE_UP),
    };
    const listed = listedSettings(changed, MADE_UP).map(({ name, value }) => [name, value]);
    assert.deepEqual(listed.slice(-2), [
      ['quietHours', 9],
      ['isQuiet', undefined],
    ]);
  });
});
