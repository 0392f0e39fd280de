import { z } from 'zod';
import { sixDigits } from '../../../kernel/fields.ts';
import { newId } from '../../../kernel/identifiers.ts';
import { type Keyring, sealedText } from '../../../kernel/keyring.ts';
import type { Clock } from '../../../kernel/time.ts';
import { bind, within } from '../../../kernel/transaction.ts';
import { type Authenticator, authenticatorName } from '../../authenticator.ts';
import {
  type Enrolment,
  type EnrolmentContext,
  enrolmentStep,
  type Method,
  type Verifier,
  verifier,
} from '../../method.ts';
import { drawAsImage, drawAsText } from './qr-code.ts';
import { inGroups, keyUri, matchingStep, newSecret } from './totp.ts';

/** Number of wrong codes from which the page shows the server's time: the usual cause is the phone's clock. */
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

/** Made once: a transaction makes a method of its own, and a schema costs more than all the rest of it. */
const FIELDS = {
  enrolment: z.object({ name: authenticatorName(), code: sixDigits() }),
  response: z.object({ code: sixDigits() }),
};

/** The data of a confirmed app: the sealed secret, and the label that the app shows. */
const dataSchema = z.object({ secret: sealedText, label: z.string() });

/** The store of the last accepted time step of each app. */
export interface TotpStepStore {
  /**
   * Consumes a time step by one conditional UPDATE (… WHERE last_step < step): false if it, or a later one, was accepted before
   * (RFC 6238 §5.2).
   */
  consume(authenticatorId: string, step: number): Promise<boolean>;
}

interface AppServices {
  readonly keyring: Keyring;
  readonly totpSteps: TotpStepStore;
  readonly clock: Clock;
}

/** "Authentication App": time-based one-time codes (RFC 6238). */
export function appMethod(services: AppServices): Method<AppEnrolment> {
  return {
    id: 'app',
    in: (tx) => appMethod(bind(services, tx)),
    allowsMultiple: true,
    enrolment: enrolment(services),
    verifier: codeVerifier(services),
    describe: () => '',
    reencrypted: (authenticator) => reencrypted(services, authenticator),
  };
}

function enrolment({ keyring, totpSteps, clock }: AppServices): Enrolment<AppEnrolment> {
  const secretOf = (state: AppEnrolment, { account }: EnrolmentContext) =>
    keyring.open(state.secret, sealContext(account.id));
  const uriOf = (state: AppEnrolment, context: EnrolmentContext) =>
    keyUri(context.siteName, state.label, secretOf(state, context));

  const scan = enrolmentStep({
    fields: FIELDS.enrolment,
    // The page shows the secret, so there is nothing to guess.
    isAttempt: false,
    describe: async (state: AppEnrolment, context) => ({
      setupKey: inGroups(secretOf(state, context)),
      uri: uriOf(state, context),
      qrCode: await drawAsImage(uriOf(state, context)),
      label: state.label,
      serverTime: state.wrongCodes >= WRONG_CODES_UNTIL_CLOCK ? clock() : undefined,
    }),
    async submit(state: AppEnrolment, { name, code }, context) {
      const step = matchingStep(secretOf(state, context), code, clock());
      if (step === undefined) {
        return { kind: 'fault', fault: 'wrong', state: { ...state, wrongCodes: state.wrongCodes + 1 } };
      }
      return {
        kind: 'proven',
        name,
        data: { secret: state.secret, label: state.label },
        consume: (tx) => within(tx, totpSteps).consume(state.id, step),
      };
    },
  });

  return {
    schema: stateSchema,
    steps: { scan },
    parts: {
      'qr-code': {
        title: 'method.app.detail',
        describe: async (state, context) => ({
          drawings: await drawAsText(uriOf(state, context)),
          setupKey: inGroups(secretOf(state, context)),
        }),
      },
    },
    begin: ({ account, existing }) => ({
      id: newId(clock()),
      method: 'app',
      step: 'scan',
      secret: keyring.seal(newSecret(), sealContext(account.id)),
      label: freeLabel(account.email, existing),
      wrongCodes: 0,
    }),
  };
}

function codeVerifier({ keyring, totpSteps, clock }: AppServices): Verifier {
  return verifier({
    fields: FIELDS.response,
    clockDependent: true,
    async verifyAndConsume({ id, data }, { code }, { account }) {
      const { secret } = dataSchema.parse(data);
      const step = matchingStep(keyring.open(secret, sealContext(account.id)), code, clock());
      if (step === undefined) return 'wrong';
      return (await totpSteps.consume(id, step)) ? 'right' : 'already used';
    },
  });
}

function reencrypted({ keyring }: AppServices, { accountId, data }: Authenticator): unknown {
  const { secret, label } = dataSchema.parse(data);
  if (!keyring.isStale(secret)) return undefined;
  return {
    secret: keyring.seal(keyring.open(secret, sealContext(accountId)), sealContext(accountId)),
    label,
  };
}

/** A secret is sealed for one account: it does not open if it is copied to another (ASVS 11.3.2). */
function sealContext(accountId: string): string {
  return `app:${accountId}`;
}

/** Apps overwrite an entry with the same label, so a person's second app gets "ann@example.org (2)". */
function freeLabel(email: string, existing: readonly Authenticator[]): string {
  const taken = existing.map(({ data }) => dataSchema.safeParse(data).data?.label);
  let label = email;
  for (let number = 2; taken.includes(label); number++) label = `${email} (${number})`;
  return label;
}
