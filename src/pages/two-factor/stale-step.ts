import { minutes } from '../../kernel/time.ts';
import type { PendingSignIn, SignedIn } from '../../web/auth-state.ts';
import { flash } from '../../web/flash.ts';
import { typedIn } from '../../web/forms.ts';
import { redirectTo } from '../../web/redirects.ts';
import { updateState } from '../../web/session.ts';
import type { PageServices } from '../page-services.ts';
import { type EnrolmentRequest, placeOf } from './enrolment-request.ts';

/** Age up to which an authenticator with the form's name shows that the missing enrolment was completed. */
const DONE_LATELY = minutes(30);

/** Answers the form of another step: its values are not what the current step asks for. */
export async function refuseStaleForm<Who extends PendingSignIn | SignedIn>(
  services: Pick<PageServices, 'clock'>,
  at: EnrolmentRequest<Who>,
  leave: string,
): Promise<void> {
  // Expired, or finished in another tab.
  if (!at.state) await answerGone(services, at, leave);
  // A form of a later step: the enrolment was started again elsewhere.
  else if (placeOf(at.method, at.state).number === 1) await startAgain(at);
  // A form of an earlier step, sent again: that step is done.
  else await redirectTo(at.response, at.path);
}

/** If the enrolment is missing because it was completed, says so instead of starting again. */
async function answerGone<Who extends PendingSignIn | SignedIn>(
  { clock }: Pick<PageServices, 'clock'>,
  at: EnrolmentRequest<Who>,
  leave: string,
): Promise<void> {
  const { method, context, request, response } = at;
  const { name } = typedIn(request.body, ['name']);
  const done = context.existing.find(
    (one) => one.method === method.id && one.name === name?.trim() && clock() - one.createdAt < DONE_LATELY,
  );
  if (!done) return startAgain(at);
  flash(request, { path: leave, key: 'enrolment.done', kind: 'info', values: { name: done.name } });
  await redirectTo(response, leave);
}

/** Drops what is left of the enrolment, and says that it begins again. */
export async function startAgain({
  who,
  request,
  response,
  path,
}: EnrolmentRequest<PendingSignIn | SignedIn>): Promise<void> {
  const { enrolment: _gone, ...rest } = who.state;
  flash(request, { path, key: 'enrolment.expired', kind: 'warning' });
  await updateState(request, rest);
  await redirectTo(response, path);
}
