import type { Request } from 'express';
import { z } from 'zod';
import type { Account } from '../../accounts/account.ts';
import type { Actor } from '../../audit/audit.ts';
import { isNotSent } from '../../codes/mailed-codes.ts';
import type { Purpose } from '../../mail/message.ts';
import { askedAuthenticators, isMailboxSpent } from '../../policy/policy.ts';
import type { Authenticator } from '../../two-factor/authenticator.ts';
import type { ProofContext } from '../../two-factor/method.ts';
import { chooseAuthenticator, type SecondStepOutcome } from '../../two-factor/second-step.ts';
import type { PendingSignIn, SignedIn } from '../../web/auth-state.ts';
import { dropFlash, flash } from '../../web/flash.ts';
import { addFormPage, type FormOutcome } from '../../web/form-page.ts';
import { type FieldError, formView } from '../../web/forms.ts';
import type { Exchange } from '../../web/guards.ts';
import { NotFound } from '../../web/http-errors.ts';
import { redirectTo } from '../../web/redirects.ts';
import type { Page } from '../../web/rendering.ts';
import type { AddPage } from '../../web/routes.ts';
import { browserOf, updateState } from '../../web/session.ts';
import type { PageServices } from '../page-services.ts';
import type { CodeMount, ProofMount } from './code-mount.ts';
import { codeFault, notSentKey, responseField, SENDING_NOTICES, sendFault, throttleFault } from './faults.ts';
import { addLostAccess } from './lost-access.ts';
import { addRecoveryStep } from './recovery-step.ts';

type CodeServices = Pick<
  PageServices,
  'clock' | 'methods' | 'recoveryCodes' | 'renderer' | 'resetRequests' | 'secondStep'
>;

/** Consecutive failures from which the page shows the server's time: the usual cause is the phone's clock. */
const FAILURES_UNTIL_CLOCK = 2;

const wishes = { trust: z.literal('yes').optional().catch(undefined) };

/** Adds the code page, sending a code, choosing another authenticator, recovery codes and lost access. */
export function addCodePages<Who extends PendingSignIn | SignedIn, Next>(
  addPage: AddPage,
  services: CodeServices,
  mount: ProofMount<Who, Next>,
): void {
  addCodePage(addPage, services, mount);
  addRecoveryStep(addPage, services, mount);
  addLostAccess(addPage, services, mount);
}

/** …: the form of the authenticator's method. POST …/send: sends a new code; a GET never does. */
function addCodePage<Who extends PendingSignIn | SignedIn, Next>(
  addPage: AddPage,
  services: Pick<PageServices, 'clock' | 'methods' | 'renderer' | 'secondStep'>,
  mount: ProofMount<Who, Next>,
): void {
  const { methods, secondStep, renderer, clock } = services;
  const verifierOf = ({ method }: Authenticator) => methods[method].verifier;

  async function page(
    { who, request }: Exchange<Who>,
    authenticator: Authenticator,
    errors: readonly FieldError[],
  ): Promise<Page> {
    const { words } = who.context;
    const now = clock();
    const { verifier, describe } = methods[authenticator.method];
    const context = proofContext(who, mount, request);
    const nextSend = await verifier.delivery?.nextSend(who.account);
    const waitUntil = await secondStep.waiting(who.account);
    return {
      view: 'two-factor/code',
      title: words.t(`method.${authenticator.method}.ask`),
      caption: words.t(mount.caption),
      width: 'narrow',
      help: 'sign-in',
      model: {
        path: mount.path,
        asked: {
          name: authenticator.name,
          method: authenticator.method,
          description: describe(authenticator, who.account),
          sends: verifier.delivery !== undefined,
          blocked: authenticator.blockedAt !== null,
          prompt: await verifier.prompt?.(authenticator, context),
        },
        sentAt: await verifier.delivery?.lastSent(authenticator, context),
        nextSendIn: nextSend && nextSend - now,
        waitFor: waitUntil && waitUntil - now,
        // A recovery code was typed instead of six digits: the page links to the right form.
        recoveryTyped: errors.some(({ key }) => key === 'error.code-is-recovery-code'),
        others: askedAuthenticators(who).length - 1,
        trustDays: mount.trustDays(who),
        recovery: who.codesLeft > 0,
        afterReset: isMailboxSpent(who),
      },
    };
  }

  addFormPage(addPage, services, {
    path: mount.path,
    guard: mount.guard,
    keeps: [],
    load: async ({ who }) => chosen(who, mount),
    schema: (authenticator) => z.object({ ...verifierOf(authenticator).fields.shape, ...wishes }),
    view: (exchange, errors) => page(exchange, exchange.subject, errors),
    async submit({ trust, ...response }, { who, request, response: answer, subject: authenticator }) {
      const context = proofContext(who, mount, request);
      const isTrustWished = trust === 'yes' && mount.trustDays(who) > 0;
      const accepted = { factor: authenticator.method, trust: isTrustWished };
      const outcome = await secondStep.verify(authenticator, response, context, (tx) =>
        mount.accept(who, accepted, tx),
      );
      if (outcome.kind === 'blocked') {
        await redirectTo(answer, mount.path);
        return undefined;
      }
      if (outcome.kind !== 'accepted') return notAccepted(authenticator, outcome);
      dropFlash(request);
      await mount.accepted(who, outcome.next, request, answer);
      return undefined;
    },
  });

  function notAccepted(
    authenticator: Authenticator,
    outcome: Extract<SecondStepOutcome, { kind: 'wait' | 'fault' }>,
  ): FormOutcome {
    const { clockDependent, fields } = verifierOf(authenticator);
    const field = responseField(fields);
    if (outcome.kind === 'wait') return { errors: [throttleFault(outcome.until, clock(), field)] };
    const serverTime = clockDependent && outcome.failures >= FAILURES_UNTIL_CLOCK ? clock() : undefined;
    return { errors: [codeFault(outcome.fault, field)], model: { serverTime } };
  }

  const send = mount.guard((exchange) => sendCode(exchange, chosen(exchange.who, mount)));

  async function sendCode(exchange: Exchange<Who>, authenticator: Authenticator): Promise<void> {
    const { who, request, response } = exchange;
    const { delivery, fields } = verifierOf(authenticator);
    const outcome = await delivery?.send(authenticator, proofContext(who, mount, request));
    if (outcome && isNotSent(outcome)) {
      const errors = [sendFault(outcome, responseField(fields), 'proof', clock())];
      const form = formView({}, errors, who.context.words);
      return renderer.show(request, response, { ...(await page(exchange, authenticator, errors)), form });
    }
    if (outcome) flash(request, { path: mount.path, ...SENDING_NOTICES[outcome.kind] });
    await redirectTo(response, mount.path);
  }

  /** POST …/other: asks for this authenticator from now on, and sends a code if its method needs one. */
  const choose = mount.guard(async (exchange) => {
    const { who, request, response } = exchange;
    const authenticator = askedAuthenticators(who).find(({ id }) => id === request.body?.authenticator);
    if (!authenticator) throw new NotFound();
    await updateState(request, mount.choose(who, authenticator.id));
    const { delivery } = verifierOf(authenticator);
    const sentAt = await delivery?.lastSent(authenticator, proofContext(who, mount, request));
    if (delivery && sentAt === undefined) return sendCode(exchange, authenticator);
    await redirectTo(response, mount.path);
  });

  const others = mount.guard(async ({ who, request, response }) => {
    const { words } = who.context;
    await renderer.show(request, response, {
      view: 'two-factor/other',
      title: words.t('code.other-title'),
      caption: words.t(mount.caption),
      width: 'narrow',
      back: { href: mount.path, text: words.t('page.back') },
      help: 'sign-in',
      model: {
        path: mount.path,
        offered: askedAuthenticators(who).map((authenticator) => ({
          id: authenticator.id,
          name: authenticator.name,
          method: authenticator.method,
          description: methods[authenticator.method].describe(authenticator, who.account),
        })),
      },
    });
  });

  addPage(`${mount.path}/send`, { post: send, formPath: () => mount.path });
  addPage(`${mount.path}/other`, { get: others, post: choose });
}

function chosen<Who extends PendingSignIn | SignedIn>(who: Who, { chosenId }: CodeMount<Who>): Authenticator {
  const authenticator = chooseAuthenticator(askedAuthenticators(who), chosenId(who));
  if (!authenticator) throw new Error('A code was requested for a person without an authenticator.');
  return authenticator;
}

function proofContext(
  { account, actor }: PendingSignIn | SignedIn,
  { purpose }: { readonly purpose: Purpose },
  request: Request,
): ProofContext {
  return { account, purpose, actor, browser: browserOf(request) };
}

/**
 * Sends the first code after the right password; later ones need the button. Leaves a notice for the code page unless the
 * code was sent, or the last one was sent a moment ago.
 */
export async function sendFirstCode(
  { methods }: Pick<PageServices, 'methods'>,
  request: Request,
  { path, purpose }: { readonly path: string; readonly purpose: Purpose },
  account: Account,
  authenticator: Authenticator,
  actor: Actor,
): Promise<void> {
  const context = { account, purpose, actor, browser: browserOf(request) };
  const outcome = await methods[authenticator.method].verifier.delivery?.send(authenticator, context);
  if (!outcome || outcome.kind === 'sent' || outcome.kind === 'wait') return;
  const notice = isNotSent(outcome)
    ? ({ key: notSentKey(outcome, 'proof'), kind: 'warning' } as const)
    : SENDING_NOTICES[outcome.kind];
  flash(request, { path, ...notice });
}
