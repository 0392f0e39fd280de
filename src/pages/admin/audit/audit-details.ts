import { AUDIT_DETAILS } from '../../../audit/details.ts';
import type { AuditEvent } from '../../../audit/event.ts';
import type { MessageKey, Translator } from '../../../kernel/i18n.ts';
import type { Definitions } from '../../../settings/definition.ts';
import { METHOD_IDS } from '../../../settings/method-ids.ts';
import { TWO_FACTOR_RULES } from '../../../settings/rule.ts';
import { fieldsOf, type SettingField } from '../../../settings/table.ts';

/** "Method: Authentication App; Authenticator Name: Phone". */
export function detailsInWords(detail: AuditEvent['detail'], words: Translator, table?: Definitions): string {
  const settings = fieldsOf(table);
  return Object.entries(detail)
    .map(([name, value]) => {
      const setting = settings.find(({ kebab }) => kebab === name);
      const label = labelOf(name, setting, words);
      return words.t('audit-log.detail', { label, value: valueInWords(name, value, setting, words) });
    })
    .join(words.t('audit-log.between-details'));
}

function labelOf(written: string, setting: SettingField | undefined, words: Translator): string {
  if (setting) return words.t(setting.definition.words.audit);
  const name = AUDIT_DETAILS.find((known) => known === written);
  // Another version may have stored names that this one has no words for.
  return name ? words.t(`audit-detail.${name}`) : written;
}

const FACTORS: Readonly<Record<string, MessageKey>> = {
  password: 'field.password',
  authenticator: 'audit-log.second-step',
  'recovery code': 'recovery.field',
  'trusted browser': 'audit-log.trusted-browser',
};

const SWITCH = { on: 'audit-log.on', off: 'audit-log.off' } as const satisfies Record<string, MessageKey>;

/** What apps ask for, by the name of the detail and the value. */
const APPS: Readonly<Record<string, Readonly<Record<string, MessageKey>>>> = {
  audience: { everybody: 'app.everybody' },
  proof: {
    none: 'app.proof.none',
    'second step': 'app.proof.second-step',
    strong: 'app.proof.strong',
  },
  'remote-user': { email: 'app.remote-user.email', id: 'app.remote-user.id' },
  'confirms-email': SWITCH,
  kind: { host: 'app.kind.host', oidc: 'app.kind.oidc', signed: 'app.kind.signed' },
  'client-authentication': {
    basic: 'app.client-authentication.basic',
    post: 'app.client-authentication.post',
    none: 'app.client-authentication.none',
  },
  pkce: SWITCH,
  consent: SWITCH,
  refresh: SWITCH,
  'form-post': SWITCH,
};

const BETWEEN = ', ';

/** Stored between the old and the new value. Replaced by words: an arrow points the wrong way in right-to-left text. */
const CHANGE = ' → ';

/** A value ("app, email → app") in words; parts without words are shown unchanged. */
function valueInWords(
  name: string,
  value: string,
  setting: SettingField | undefined,
  words: Translator,
): string {
  const inWords = (list: string) => listInWords(name, list, setting, words);
  const [before = '', ...changed] = value.split(CHANGE);
  if (changed.length === 0) return inWords(value);
  const [shown, after] = [before, changed.join(CHANGE)].map(inWords);
  return words.t('audit-log.changed', { before: shown ?? '', after: after ?? '' });
}

function listInWords(
  name: string,
  list: string,
  setting: SettingField | undefined,
  words: Translator,
): string {
  const isSwitch = setting?.definition.kind === 'switch';
  return list
    .split(BETWEEN)
    .map((part) => {
      const method = METHOD_IDS.find((id) => id === part);
      const rule = TWO_FACTOR_RULES.find((one) => one === part);
      if (name.startsWith('method') && method) return words.t(`method.${method}.title`);
      if (name === 'rule' && rule) return words.t(`policy.rule.${rule}`);
      if (name === 'role' && (part === 'member' || part === 'administrator')) return words.t(`role.${part}`);
      if (isSwitch && (part === 'on' || part === 'off')) return words.t(`audit-log.${part}`);
      const known = name === 'factors' ? FACTORS[part] : APPS[name]?.[part];
      return known ? words.t(known) : part;
    })
    .join(BETWEEN);
}
