import { z } from 'zod';
import { maskEmail } from '../../../accounts/account.ts';
import { newId } from '../../../identifiers.ts';
import type { Clock } from '../../../time.ts';
import type { Binding } from '../../challenges.ts';
import type { MailedCodes } from '../../mailed-codes.ts';
import type { EnrolmentContext, EnrolmentSteps, Method, Proof } from '../../method.ts';

const stateSchema = z.discriminatedUnion('step', [
  z.object({ id: z.string(), method: z.literal('email'), step: z.literal('name') }),
  z.object({ id: z.string(), method: z.literal('email'), step: z.literal('code'), name: z.string() }),
]);

type EmailEnrolment = z.infer<typeof stateSchema>;

interface EmailServices {
  readonly codes: MailedCodes;
  readonly clock: Clock;
}

/**
 * "Email Authentication": a code to the address the person signs in with. It follows that address, so that a change of
 * e-mail (which proves the new mailbox) leaves no authenticator behind that points to the old one.
 */
export function emailMethod({ codes, clock }: EmailServices): Method<EmailEnrolment> {
  return {
    id: 'email',
    several: false,
    enrolment: enrolment(codes, clock),
    describe: (_authenticator, account) => maskEmail(account.email),
    proof: proof(codes),
  };
}

function enrolment(codes: MailedCodes, clock: Clock): EnrolmentSteps<EmailEnrolment> {
  return {
    schema: stateSchema,
    begin: () => ({ id: newId(clock()), method: 'email', step: 'name' }),

    async describe(state, context) {
      if (state.step === 'name') {
        return { number: 1, of: 2, fields: ['name'], facts: { address: context.account.email } };
      }
      const challenge = await codes.current(context.account.email, enrolmentBinding(context));
      const nextAt = await codes.waiting(context.account);
      return {
        number: 2,
        of: 2,
        fields: ['code'],
        facts: { address: context.account.email, name: state.name, sentAt: challenge?.sentAt, nextAt },
      };
    },

    async submit(state, { name, code }, context) {
      if (state.step === 'name') {
        const outcome = await codes.send(context.account, context.account.email, enrolmentBinding(context));
        if (outcome.kind === 'wait' || outcome.kind === 'refused') return { kind: 'not sent', outcome };
        return { kind: 'continue', state: { ...state, step: 'code', name }, sending: outcome.kind };
      }
      const check = await codes.verify(context.account.email, enrolmentBinding(context), code);
      if (check !== 'right') return { kind: 'code fault', fault: check, state };
      return { kind: 'proven', name: state.name, data: {}, lastStep: 0 };
    },

    resend: (_state, context) =>
      codes.send(context.account, context.account.email, enrolmentBinding(context)),
  };
}

function proof(codes: MailedCodes): Proof {
  return {
    sends: true,
    timed: false,
    send: (_authenticator, account, binding) => codes.send(account, account.email, binding),
    lastSent: async (_authenticator, account, binding) =>
      (await codes.current(account.email, binding))?.sentAt,
    nextSend: (account) => codes.waiting(account),
    verify: (_authenticator, account, binding, code) => codes.verify(account.email, binding, code),
  };
}

function enrolmentBinding({ account, browser }: EnrolmentContext): Binding {
  return { accountId: account.id, purpose: 'enrolment', browser };
}
