import type { Request, RequestHandler, Response } from 'express';
import { z } from 'zod';
import { type FieldFault, formView, lineOfText, parseForm } from '../../web/forms.ts';
import type { Handler } from '../../web/guards.ts';
import type { AddPage } from '../../web/routes.ts';
import { forgetLeftovers } from '../../web/session.ts';
import type { HalfWay, Person } from '../../web/standing.ts';
import type { MessageKey } from '../../words.ts';
import type { PageServices } from '../page-services.ts';
import { throttleFault } from './faults.ts';

export interface RecoveryMount<Who extends HalfWay | Person> {
  /** The code page that this one belongs to. */
  readonly path: string;
  readonly guard: (handler: Handler<Who>) => RequestHandler;
  /** What the code is for. */
  readonly caption: MessageKey;
  /** The code was right; so many are left. */
  readonly recovered: (who: Who, left: number, request: Request, response: Response) => Promise<void>;
}

const LONGEST_CODE = 60;
const schema = z.object({ code: lineOfText('error.recovery-code-missing', LONGEST_CODE) });

/** "Use a recovery code": in the place of an authenticator's code, once. */
export function addRecoveryStep<Who extends HalfWay | Person>(
  addPage: AddPage,
  { recoveryCodes, renderer, clock }: PageServices,
  mount: RecoveryMount<Who>,
): void {
  const show = mount.guard((who, request, response) => showForm(who, request, response, []));

  const submit = mount.guard(async (who, request, response) => {
    const form = parseForm(schema, request);
    if (!form.ok) return showForm(who, request, response, form.faults);
    const outcome = await recoveryCodes.use(who.account, form.values.code, who.actor);
    if (outcome.kind === 'wait') {
      return showForm(who, request, response, [throttleFault(outcome.until, clock())]);
    }
    if (outcome.kind === 'wrong') {
      return showForm(who, request, response, [{ field: 'code', key: 'recovery.wrong' }]);
    }
    forgetLeftovers(request);
    await mount.recovered(who, outcome.left, request, response);
  });

  async function showForm(
    who: Who,
    request: Request,
    response: Response,
    faults: readonly FieldFault[],
  ): Promise<void> {
    const { words } = who.visit;
    await renderer.show(request, response, {
      view: 'two-factor/recovery-step',
      title: words.t('recovery.use-title'),
      caption: words.t(mount.caption),
      width: 'narrow',
      back: { href: mount.path, text: words.t('page.back') },
      help: 'recovery-codes',
      form: formView({}, faults, words),
      facts: { path: `${mount.path}/recovery` },
    });
  }

  addPage(`${mount.path}/recovery`, { get: show, post: submit });
}
