import { isDeepStrictEqual } from 'node:util';
import type { Request, Response } from 'express';
import { z } from 'zod';
import {
  LONGEST_SITE_NAME,
  LONGEST_TRUST_DAYS,
  LONGEST_WAITING_HOURS,
  siteRule,
} from '../../settings/settings.ts';
import type { DecidedSettings } from '../../settings/settings-changes.ts';
import {
  emailAddress,
  type FieldFault,
  formView,
  lineOfText,
  optionalLine,
  parseForm,
  parseValues,
  tick,
  wholeNumber,
} from '../../web/forms.ts';
import type { Handler } from '../../web/guards.ts';
import { forgetLeftovers, leaveNotice, readKeptForm } from '../../web/session.ts';
import type { Person } from '../../web/standing.ts';
import type { MessageKey } from '../../words.ts';
import type { PageServices } from '../page-services.ts';
import { ifAsShown, leadToPreview, type PlannedChange, showPreview } from './policy-preview.ts';
import {
  atGroup,
  DATE_MISSING,
  hasDate,
  hasMethods,
  METHODS_MISSING,
  RULE_CHOICES,
  ruleFields,
  ruleIn,
  typedRule,
} from './rule-fields.ts';

const PATH = '/admin/policy';
const CONFIRM = `${PATH}/confirm`;

const LONGEST_CONTACT = 200;

const says = (key: MessageKey): { error: MessageKey } => ({ error: key });

const schema = z
  .object({
    ...ruleFields,
    sender: optionalLine(254).refine(
      (text) => text === '' || emailAddress().safeParse(text).success,
      says('error.email-form'),
    ),
    helpContact: optionalLine(LONGEST_CONTACT),
    signUp: tick(),
    siteName: lineOfText('error.site-name-missing', LONGEST_SITE_NAME),
    secondApproval: tick(),
    waitingHours: wholeNumber(LONGEST_WAITING_HOURS, 'policy.waiting-hours-form'),
    trustDays: wholeNumber(LONGEST_TRUST_DAYS, 'policy.trust-days-form'),
  })
  .refine(hasMethods, METHODS_MISSING)
  .refine(hasDate, DATE_MISSING);

type PolicyForm = z.infer<typeof schema>;
type Typed = Readonly<Record<string, string>>;

/** What of the settings this form decides. */
type Decided = DecidedSettings;

/** GET /admin/policy */
export function policyForm(services: PageServices): Handler<Person> {
  return async (person, request, response) => {
    const kept = readKeptForm(request, PATH);
    // A form that was kept says by their absence which boxes were not ticked.
    const typed = Object.keys(kept).length > 0 ? kept : typedOf(person.visit.settings);
    await showForm(services, person, request, response, typed, []);
  };
}

/** POST /admin/policy: saves, unless it asks people to enrol or leaves them without 2FA: then that is said first. */
export function submitPolicy(services: PageServices): Handler<Person> {
  return async (person, request, response) => {
    const form = parseForm(schema, request);
    if (!form.ok) return showForm(services, person, request, response, form.typed, form.faults);
    const decided = decidedBy(form.values);
    if (await leadToPreview(services, person, planned(services, person, decided), request, response)) return;
    const changed = await services.settingsChanges.change(decided, person.actor);
    leadBack(services, changed, request, response);
  };
}

/** GET /admin/policy/confirm: what the policy that was just sent does to people. */
export function confirmPolicy(services: PageServices): Handler<Person> {
  return async (person, request, response) => {
    const form = parseValues(schema, readKeptForm(request, CONFIRM));
    if (!form.ok) return response.redirect(303, PATH);
    await showPreview(services, person, planned(services, person, decidedBy(form.values)), request, response);
  };
}

/** POST /admin/policy/confirm: saves what was said, unless somebody has decided something else in between. */
export function submitConfirmedPolicy(services: PageServices): Handler<Person> {
  return async (person, request, response) => {
    const form = parseForm(schema, request);
    if (!form.ok) return showForm(services, person, request, response, form.typed, form.faults);
    const decided = decidedBy(form.values);
    const change = planned(services, person, decided);
    const decision = await ifAsShown(services, change.whatIf, request, () =>
      services.settingsChanges.change(decided, person.actor),
    );
    if (decision.kind === 'stale') return showPreview(services, person, change, request, response);
    leadBack(services, decision.outcome, request, response);
  };
}

function planned(
  { settingsChanges }: PageServices,
  { visit: { settings, words } }: Person,
  decided: Decided,
): PlannedChange {
  const [now, next] = [siteRule(settings), settingsChanges.next(settings, decided)];
  return {
    // The same rule touches nobody: nobody has to be counted for a new name of the site.
    whatIf: isDeepStrictEqual(now, next) ? {} : { site: next },
    path: CONFIRM,
    typed: typedOf(decided),
    back: { href: PATH, text: words.t('policy.title') },
    keep: words.t('policy.keep'),
  };
}

function leadBack({ clock }: PageServices, changed: boolean, request: Request, response: Response): void {
  forgetLeftovers(request);
  const key = changed ? 'policy.saved' : 'policy.unchanged';
  leaveNotice(request, { path: PATH, key, kind: changed ? 'success' : 'info', values: {}, at: clock() });
  response.redirect(303, PATH);
}

async function showForm(
  { renderer }: PageServices,
  { visit }: Person,
  request: Request,
  response: Response,
  typed: Typed,
  faults: readonly FieldFault[],
): Promise<void> {
  const { words } = visit;
  await renderer.show(request, response, {
    view: 'admin/policy',
    title: words.t('policy.title'),
    caption: words.t('menu.administration'),
    form: formView(typed, faults.map(atGroup), words),
    facts: RULE_CHOICES,
  });
}

function decidedBy(values: PolicyForm): Decided {
  const { grace, ...twoFactor } = ruleIn(values);
  return {
    twoFactor,
    grace,
    sender: values.sender,
    helpContact: values.helpContact,
    signUp: values.signUp !== undefined,
    siteName: values.siteName,
    resets: { secondApproval: values.secondApproval !== undefined, waitingHours: values.waitingHours },
    trustDays: values.trustDays,
  };
}

/** The form as somebody would have filled it in to decide this. */
function typedOf(decided: Decided): Typed {
  const { twoFactor, grace, sender, helpContact, signUp, siteName, resets, trustDays } = decided;
  return {
    ...typedRule({ ...twoFactor, grace }),
    sender,
    helpContact,
    ...(signUp && { signUp: 'on' }),
    siteName,
    ...(resets.secondApproval && { secondApproval: 'on' }),
    waitingHours: String(resets.waitingHours),
    trustDays: String(trustDays),
  };
}
