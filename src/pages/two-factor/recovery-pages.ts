import type { Request } from 'express';
import type { Account } from '../../accounts/account.ts';
import type { Actor } from '../../audit/audit.ts';
import { isFresh } from '../../sign-in/auth-state.ts';
import type { SignedIn } from '../../web/auth-state.ts';
import { type Handler, RECOVERY_CODES } from '../../web/guards.ts';
import { NotFound } from '../../web/http-errors.ts';
import { redirectTo } from '../../web/redirects.ts';
import type { AddPage } from '../../web/routes.ts';
import { type SignedInSession, updateState } from '../../web/session.ts';
import { formsToApp } from '../apps/way-to-app.ts';
import type { PageServices } from '../page-services.ts';

type RecoveryServices = Pick<
  PageServices,
  'apps' | 'clock' | 'guards' | 'keyring' | 'openId' | 'recoveryCodes' | 'renderer'
>;

/** Recovery codes: how many are left, making new ones, and the only page that shows them. */
export function addRecoveryPages(addPage: AddPage, services: RecoveryServices): void {
  const { guards, renderer } = services;

  addPage(RECOVERY_CODES, {
    get: guards.steppedUp(async ({ who: person, request, response }) => {
      const { words } = person.context;
      const codes = freshCodesOf(person, services);
      await renderer.show(request, response, {
        view: 'two-factor/recovery-codes',
        title: words.t('recovery.title'),
        secret: true,
        ...(!codes && { back: { href: '/profile/two-factor', text: words.t('two-factor.title') } }),
        help: 'recovery-codes',
        ...(await formsToApp(services, person.state.freshCodes?.returnTo)),
        model: {
          codes,
          left: person.codesLeft,
          possible: person.authenticators.length > 0,
        },
      });
    }),
    post: guards.steppedUp(async ({ who: person, request, response }) => {
      if (person.authenticators.length > 0) {
        await makeRecoveryCodes(services, person, person.state, request, '/profile/two-factor');
      }
      await redirectTo(response, RECOVERY_CODES);
    }),
  });

  addPage(`${RECOVERY_CODES}/download`, { get: guards.steppedUp(download(services)) });

  addPage(`${RECOVERY_CODES}/saved`, {
    post: guards.signedIn(async ({ who: { state }, request, response }) => {
      const { freshCodes, ...rest } = state;
      await updateState(request, rest);
      await redirectTo(response, freshCodes?.returnTo ?? '/profile/two-factor');
    }),
    formPath: () => RECOVERY_CODES,
  });
}

/** Makes new codes and keeps them, sealed, in the session for the page that shows them. */
export async function makeRecoveryCodes(
  { recoveryCodes, keyring, clock }: Pick<PageServices, 'clock' | 'keyring' | 'recoveryCodes'>,
  { account, actor }: { readonly account: Account; readonly actor: Actor },
  state: SignedInSession,
  request: Request,
  returnTo: string,
): Promise<void> {
  const codes = await recoveryCodes.renew(account, actor);
  const sealed = keyring.seal(codes.join('\n'), place(account));
  await updateState(request, { ...state, freshCodes: { sealed, at: clock(), returnTo } });
}

/** GET …/download: the same codes as a text file. */
function download(services: Pick<PageServices, 'clock' | 'keyring'>): Handler<SignedIn> {
  return async ({ who: person, response }) => {
    const codes = freshCodesOf(person, services);
    if (!codes) throw new NotFound();
    const { words, settings } = person.context;
    const intro = words.t('recovery.file-intro', { site: settings.siteName, email: person.account.email });
    response
      .attachment('recovery-codes.txt')
      .type('text/plain')
      .send(`${[intro, '', ...codes].join('\r\n')}\r\n`);
  };
}

/** The new codes, until the person confirms that they have them; for ten minutes at most. */
function freshCodesOf(
  { state, account }: SignedIn,
  { keyring, clock }: Pick<PageServices, 'clock' | 'keyring'>,
): string[] | undefined {
  const { freshCodes } = state;
  if (!freshCodes || !isFresh(freshCodes.at, clock())) return undefined;
  return keyring.open(freshCodes.sealed, place(account)).split('\n');
}

function place({ id }: Account): string {
  return `recovery codes:${id}`;
}
