import type { Request } from 'express';
import type { App } from '../../../apps/app.ts';
import { isFresh } from '../../../sign-in/auth-state.ts';
import type { SignedIn } from '../../../web/auth-state.ts';
import { updateState } from '../../../web/session.ts';
import type { PageServices } from '../../page-services.ts';

type SecretServices = Pick<PageServices, 'clock' | 'keyring'>;

/**
 * Keeps a new secret, sealed, in the session of the administrator who has made it, until they confirm that it is in the app. Nobody
 * else can open it, and it is not in any store besides.
 */
export async function keepFreshSecret(
  { keyring, clock }: SecretServices,
  person: SignedIn,
  request: Request,
  app: Pick<App, 'id'>,
  secret: string,
): Promise<void> {
  const sealed = keyring.seal(secret, place(person, app));
  await updateState(request, { ...person.state, freshSecret: { appId: app.id, sealed, at: clock() } });
}

/** The new secret of this app: for ten minutes, and as long as the step-up is fresh. */
export function freshSecretOf(
  { keyring, clock }: SecretServices,
  person: SignedIn,
  app: Pick<App, 'id'>,
): string | undefined {
  const { freshSecret } = person.state;
  if (freshSecret?.appId !== app.id || !isFresh(freshSecret.at, clock()) || !person.steppedUp)
    return undefined;
  return keyring.open(freshSecret.sealed, place(person, app));
}

/** Forgets it: from now on nobody can see it again. */
export async function forgetFreshSecret({ state }: SignedIn, request: Request): Promise<void> {
  const { freshSecret: _seen, ...rest } = state;
  await updateState(request, rest);
}

function place({ account }: SignedIn, { id }: Pick<App, 'id'>): string {
  return `secret of app ${id} for ${account.id}`;
}
