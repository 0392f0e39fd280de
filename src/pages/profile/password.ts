import { z } from 'zod';
import type { PasswordOutcome } from '../../accounts/password-sign-in.ts';
import type { Instant } from '../../kernel/time.ts';
import { addFormPage } from '../../web/form-page.ts';
import { type FieldError, typedPassword } from '../../web/forms.ts';
import type { AddPage } from '../../web/routes.ts';
import { enterState } from '../../web/session.ts';
import { newPassword, newPasswordErrors, PASSWORD_RULE } from '../account/new-password.ts';
import type { PageServices } from '../page-services.ts';
import { rememberDevice } from '../sign-in/device.ts';
import { passwordWait } from '../sign-in/waits.ts';
import { backToProfile, PROFILE, profileChanged } from './overview.ts';

type PasswordServices = Pick<
  PageServices,
  'clock' | 'completion' | 'credentials' | 'guards' | 'knownDevices' | 'passwordSignIn' | 'renderer' | 'site'
>;

/** /profile/password: the current and the new password (ASVS 6.2.3), after a step-up if the last one is too old. */
export function passwordPage(addPage: AddPage, services: PasswordServices): void {
  addFormPage(addPage, services, {
    path: `${PROFILE}/password`,
    guard: services.guards.steppedUp,
    schema: z.object({
      password: typedPassword('error.current-password-missing'),
      newPassword: newPassword(),
    }),
    view: ({ who: { account, context } }) => ({
      view: 'profile/password',
      title: context.words.t('profile.password-title'),
      back: backToProfile(context.words),
      model: { passwordRule: PASSWORD_RULE, address: account.email },
    }),
    // All other sessions end; this one gets a new id.
    async submit({ password, newPassword: next }, { who, request, response }) {
      const { account, actor, context, state } = who;
      const errors = newPasswordErrors(next, account, context);
      if (errors.length > 0) return { errors };
      const outcome = await services.passwordSignIn.confirm(account, state.signInId, password, actor);
      if (outcome.kind !== 'accepted') return { errors: [refusal(outcome, services.clock())] };
      const epoch = await services.credentials.changePassword(account, next, actor);
      const present = { ...account, sessionEpoch: epoch };
      await enterState(request, await services.completion.continueAfterPassword(state, present, actor));
      // The new password invalidates the cookie of a known browser.
      rememberDevice(services, present, request, response);
      return profileChanged('profile.password-changed');
    },
  });
}

/** The error for the current password: wrong, or wrong too often. */
function refusal(outcome: Exclude<PasswordOutcome, { kind: 'accepted' }>, now: Instant): FieldError {
  const field = 'password';
  if (outcome.kind === 'refused') return { field, key: 'step-up.refused' };
  return passwordWait(field, outcome, now);
}
