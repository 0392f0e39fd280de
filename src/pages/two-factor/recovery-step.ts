import { z } from 'zod';
import type { PendingSignIn, SignedIn } from '../../web/auth-state.ts';
import { dropFlash } from '../../web/flash.ts';
import { addFormPage } from '../../web/form-page.ts';
import { lineOfText, sixDigits } from '../../web/forms.ts';
import { redirectTo } from '../../web/redirects.ts';
import type { AddPage } from '../../web/routes.ts';
import { formsToApp } from '../apps/way-to-app.ts';
import type { PageServices } from '../page-services.ts';
import type { ProofMount } from './code-mount.ts';
import { throttleFault } from './faults.ts';

type RecoveryStepServices = Pick<PageServices, 'apps' | 'clock' | 'openId' | 'recoveryCodes' | 'renderer'>;

const LONGEST_CODE = 60;

/** "Use a recovery code": a single-use code in place of an authenticator's response. */
export function addRecoveryStep<Who extends PendingSignIn | SignedIn, Next>(
  addPage: AddPage,
  services: RecoveryStepServices,
  mount: ProofMount<Who, Next>,
): void {
  const { recoveryCodes, clock } = services;

  addFormPage(addPage, services, {
    path: `${mount.path}/recovery`,
    guard: mount.guard,
    async load({ who, response }) {
      if (mount.takesRecoveryCodes(who)) return true;
      await redirectTo(response, mount.path);
      return undefined;
    },
    schema: z.object({ code: lineOfText('error.recovery-code-missing', LONGEST_CODE) }),
    keeps: [],
    view: async ({ who }) => ({
      view: 'two-factor/recovery-step',
      title: who.context.words.t('recovery.use-title'),
      caption: who.context.words.t(mount.caption),
      width: 'narrow',
      back: { href: mount.path, text: who.context.words.t('page.back') },
      help: 'recovery-codes',
      ...(await formsToApp(services, mount.returnTo(who))),
      model: { path: `${mount.path}/recovery` },
    }),
    async submit({ code }, { who, request, response }) {
      if (sixDigits().safeParse(code).success) {
        return { errors: [{ field: 'code', key: 'recovery.is-verification-code' }] };
      }
      const outcome = await recoveryCodes.use(who.account, code, who.actor, (tx) =>
        mount.accept(who, { factor: 'recovery code', trust: false }, tx),
      );
      if (outcome.kind === 'wait') return { errors: [throttleFault(outcome.until, clock())] };
      if (outcome.kind === 'wrong') return { errors: [{ field: 'code', key: 'recovery.wrong' }] };
      dropFlash(request);
      await mount.recovered(who, outcome.next, outcome.left, request, response);
      return undefined;
    },
  });
}
