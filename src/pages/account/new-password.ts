import {
  LONGEST_PASSWORD,
  lengthAskedBy,
  passwordFault,
  SHORTEST_PASSWORD,
} from '../../accounts/passwords.ts';
import type { RequestContext } from '../../web/context.ts';
import { type FieldError, typedPassword } from '../../web/forms.ts';

const FAULTS = {
  'too short': 'new-password.too-short',
  'too long': 'new-password.too-long',
  common: 'new-password.common',
  'own words': 'new-password.own-words',
} as const;

/** The limits, for the hint of the field (`views/account/new-password`). */
export const PASSWORD_RULE = { least: SHORTEST_PASSWORD, count: LONGEST_PASSWORD } as const;

/** A new password as typed. `newPasswordErrors` checks it. */
export function newPassword() {
  return typedPassword('new-password.missing');
}

/** The errors of this person's new password, for its field; empty if it is accepted. */
export function newPasswordErrors(
  password: string,
  person: { readonly name: string; readonly email: string },
  { settings }: RequestContext,
): readonly FieldError[] {
  const fault = passwordFault(password, [person.name, person.email, settings.siteName]);
  if (!fault) return [];
  return [{ field: 'newPassword', key: FAULTS[fault], values: { count: lengthAskedBy(fault) } }];
}
