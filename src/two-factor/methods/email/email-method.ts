import { z } from 'zod';
import {
  isNotSent,
  type MailboxProof,
  type MailedCodes,
  type SendOutcome,
} from '../../../codes/mailed-codes.ts';
import { maskEmail } from '../../../kernel/email-address.ts';
import { sixDigits } from '../../../kernel/fields.ts';
import { newId } from '../../../kernel/identifiers.ts';
import type { Clock, Instant } from '../../../kernel/time.ts';
import { bind } from '../../../kernel/transaction.ts';
import { MAILED_METHODS } from '../../../settings/method-ids.ts';
import { authenticatorName } from '../../authenticator.ts';
import {
  type EnrolmentContext,
  type EnrolmentStep,
  enrolmentStep,
  type Method,
  type ProofContext,
  type Verifier,
  verifier,
} from '../../method.ts';

const stateSchema = z.discriminatedUnion('step', [
  z.object({ id: z.string(), method: z.literal('email'), step: z.literal('name') }),
  z.object({ id: z.string(), method: z.literal('email'), step: z.literal('code'), name: z.string() }),
]);

/** Made once: a transaction makes a method of its own, and a schema costs more than all the rest of it. */
const FIELDS = { name: z.object({ name: authenticatorName() }), code: z.object({ code: sixDigits() }) };

type EmailEnrolment = z.infer<typeof stateSchema>;
type NameStep = Extract<EmailEnrolment, { step: 'name' }>;
type CodeStep = Extract<EmailEnrolment, { step: 'code' }>;

interface EmailServices {
  readonly codes: MailedCodes;
  readonly clock: Clock;
}

/**
 * "Email Authentication": a code to the address that the person signs in with. After a change of email (which proves the new
 * mailbox) codes go to the new address, so no authenticator depends on the old one.
 */
export function emailMethod(services: EmailServices): Method<EmailEnrolment> {
  const { codes, clock } = services;
  return {
    id: 'email',
    in: (tx) => emailMethod(bind(services, tx)),
    allowsMultiple: false,
    enrolment: {
      schema: stateSchema,
      steps: { name: nameStep(codes), code: codeStep(services) },
      begin: () => ({ id: newId(clock()), method: 'email', step: 'name' }),
    },
    verifier: codeVerifier(codes),
    describe: (_authenticator, account) => maskEmail(account.email),
  };
}

function nameStep(codes: MailedCodes): EnrolmentStep {
  return enrolmentStep({
    fields: FIELDS.name,
    isAttempt: false,
    describe: async (_state: NameStep, { account, existing }) => ({
      address: account.email,
      besides: existing.some(({ method }) => !MAILED_METHODS.includes(method)),
    }),
    async submit(state: NameStep, { name }, context) {
      const outcome = await sendCode(codes, context);
      if (isNotSent(outcome)) return { kind: 'not sent', outcome };
      const next: CodeStep = { ...state, step: 'code', name };
      return { kind: 'continue', state: next, sending: outcome.kind };
    },
  });
}

function codeStep({ codes, clock }: EmailServices): EnrolmentStep {
  return enrolmentStep({
    fields: FIELDS.code,
    // The code proves access to a mailbox, as at sign-in.
    isAttempt: true,
    describe: async (state: CodeStep, context) => ({
      address: context.account.email,
      name: state.name,
      sentAt: await codes.lastSent(enrolmentProof(context)),
      nextIn: waitFrom(await codes.nextSend(context.account), clock()),
    }),
    async submit(state: CodeStep, { code }, context) {
      const check = await codes.verify(enrolmentProof(context), code);
      if (check !== 'right') return { kind: 'fault', fault: check, state };
      return { kind: 'proven', name: state.name, data: {} };
    },
    resend: (_state: CodeStep, context) => sendCode(codes, context),
  });
}

function codeVerifier(codes: MailedCodes): Verifier {
  const mailbox = ({ account, purpose, browser }: ProofContext): MailboxProof => ({
    ...{ account, address: account.email, purpose, browser },
  });
  return verifier({
    fields: FIELDS.code,
    clockDependent: false,
    delivery: {
      send: ({ method, name }, context) =>
        codes.send(mailbox(context), context.actor, { details: { method, authenticator: name } }),
      lastSent: (_authenticator, context) => codes.lastSent(mailbox(context)),
      nextSend: (account) => codes.nextSend(account),
    },
    verifyAndConsume: (_authenticator, { code }, context) => codes.verify(mailbox(context), code),
  });
}

/** Milliseconds until then; undefined if there is nothing to wait for. */
function waitFrom(until: Instant | undefined, now: Instant): number | undefined {
  return until && until - now;
}

function sendCode(codes: MailedCodes, context: EnrolmentContext): Promise<SendOutcome> {
  return codes.send(enrolmentProof(context), context.actor, { details: { method: 'email' } });
}

function enrolmentProof({ account, browser }: EnrolmentContext): MailboxProof {
  return { account, address: account.email, purpose: 'enrolment', browser };
}
