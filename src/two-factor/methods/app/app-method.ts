import { z } from 'zod';
import { newId } from '../../../identifiers.ts';
import { type Keyring, sealedText } from '../../../keyring.ts';
import type { Clock } from '../../../time.ts';
import type { Authenticator, Authenticators } from '../../authenticator.ts';
import type { EnrolmentContext, EnrolmentSteps, Method, Proof } from '../../method.ts';
import { drawAsImage, drawAsText } from './qr-code.ts';
import { inGroups, keyUri, matchingStep, newSecret } from './totp.ts';

/** From this many wrong codes on, the page shows the server's time: the phone's clock is the usual culprit. */
const WRONG_CODES_UNTIL_CLOCK = 2;

const stateSchema = z.object({
  id: z.string(),
  method: z.literal('app'),
  step: z.literal('scan'),
  secret: sealedText,
  label: z.string(),
  wrongCodes: z.number(),
});

type AppEnrolment = z.infer<typeof stateSchema>;

/** What is kept of a confirmed app: the secret, sealed, and the label that the app shows it under. */
const dataSchema = z.object({ secret: sealedText, label: z.string() });

interface AppServices {
  readonly keyring: Keyring;
  readonly authenticators: Authenticators;
  readonly clock: Clock;
}

/** "Authentication App": time-based one-time codes (RFC 6238). */
export function appMethod(services: AppServices): Method<AppEnrolment> {
  return {
    id: 'app',
    several: true,
    enrolment: enrolment(services),
    describe: () => '',
    proof: proof(services),
    resealed: (authenticator) => resealed(services, authenticator),
  };
}

function enrolment({ keyring, clock }: AppServices): EnrolmentSteps<AppEnrolment> {
  const secretOf = (state: AppEnrolment, { account }: EnrolmentContext) =>
    keyring.open(state.secret, place(account.id));
  const uriOf = (state: AppEnrolment, context: EnrolmentContext) =>
    keyUri(context.siteName, state.label, secretOf(state, context));

  return {
    schema: stateSchema,

    begin: ({ account, existing }) => ({
      id: newId(clock()),
      method: 'app',
      step: 'scan',
      secret: keyring.seal(newSecret(), place(account.id)),
      label: freeLabel(account.email, existing),
      wrongCodes: 0,
    }),

    async describe(state, context) {
      return {
        number: 1,
        of: 1,
        fields: ['name', 'code'],
        facts: {
          setupKey: inGroups(secretOf(state, context)),
          uri: uriOf(state, context),
          qrCode: await drawAsImage(uriOf(state, context)),
          label: state.label,
          serverTime: state.wrongCodes >= WRONG_CODES_UNTIL_CLOCK ? clock() : undefined,
        },
      };
    },

    async submit(state, { name, code }, context) {
      const step = matchingStep(secretOf(state, context), code, clock());
      if (step === undefined) {
        const wrongCodes = state.wrongCodes + 1;
        return { kind: 'code fault', fault: { kind: 'wrong' }, state: { ...state, wrongCodes } };
      }
      return { kind: 'proven', name, data: { secret: state.secret, label: state.label }, lastStep: step };
    },

    async detail(name, state, context) {
      if (name !== 'qr-code') return undefined;
      return {
        drawings: await drawAsText(uriOf(state, context)),
        setupKey: inGroups(secretOf(state, context)),
      };
    },
  };
}

function proof({ keyring, authenticators, clock }: AppServices): Proof {
  return {
    sends: false,
    timed: true,
    send: async () => ({ kind: 'refused' }),
    lastSent: async () => undefined,
    nextSend: async () => undefined,
    async verify(authenticator, account, _binding, code) {
      const { secret } = dataSchema.parse(authenticator.data);
      const step = matchingStep(keyring.open(secret, place(account.id)), code, clock());
      if (step === undefined) return { kind: 'wrong' };
      return (await authenticators.spendStep(authenticator.id, step)) ? 'right' : { kind: 'already used' };
    },
  };
}

/** The data sealed anew under the newest key; undefined when it already is. */
function resealed({ keyring }: AppServices, { accountId, data }: Authenticator): unknown {
  const { secret, label } = dataSchema.parse(data);
  if (!keyring.isStale(secret)) return undefined;
  return { secret: keyring.seal(keyring.open(secret, place(accountId)), place(accountId)), label };
}

/** Where a secret is sealed for: it opens for no other account. */
function place(accountId: string): string {
  return `app:${accountId}`;
}

/** Apps overwrite an entry with the same label, so a person's second app gets "ann@example.org (2)". */
function freeLabel(email: string, existing: readonly Authenticator[]): string {
  const taken = existing.map(({ data }) => dataSchema.safeParse(data).data?.label);
  let label = email;
  for (let number = 2; taken.includes(label); number++) label = `${email} (${number})`;
  return label;
}
