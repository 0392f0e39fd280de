import {
  LONGEST_PASSWORD,
  lengthAskedBy,
  passwordFault,
  SHORTEST_PASSWORD,
} from '../../accounts/passwords.ts';
import { type FieldFault, typedPassword } from '../../web/forms.ts';
import type { Visit } from '../../web/visit.ts';

const FAULTS = {
  'too short': 'new-password.too-short',
  'too long': 'new-password.too-long',
  common: 'new-password.common',
  'own words': 'new-password.own-words',
} as const;

/** The rule in figures, for the hint of the field (`views/account/new-password`). */
export const PASSWORD_RULE = { least: SHORTEST_PASSWORD, count: LONGEST_PASSWORD } as const;

/** A new password as it was typed; whether it will do, `newPasswordFaults` says. */
export function newPassword() {
  return typedPassword('new-password.missing');
}

/** What is wrong with a new password of this person, at its field; nothing when it will do. */
export function newPasswordFaults(
  password: string,
  person: { readonly name: string; readonly email: string },
  { settings }: Visit,
): readonly FieldFault[] {
  const fault = passwordFault(password, [person.name, person.email, settings.siteName]);
  if (!fault) return [];
  return [{ field: 'newPassword', key: FAULTS[fault], values: { count: lengthAskedBy(fault) } }];
}
