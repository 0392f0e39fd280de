import { createPublicKey, generateKeyPairSync, type KeyObject, randomUUID, sign, verify } from 'node:crypto';
import { z } from 'zod';
import type { Clock, Instant } from '../../../src/kernel/time.ts';
import type { MethodId } from '../../../src/settings/method-ids.ts';
import { authenticatorName } from '../../../src/two-factor/authenticator.ts';
import {
  type EnrolmentState,
  enrolmentStep,
  type Method,
  type ProofContext,
  verifier,
} from '../../../src/two-factor/method.ts';

const ID = 'signature' as MethodId;
const LIFETIME = 300_000;

const stateSchema = z.object({ id: z.string(), method: z.literal(ID), step: z.literal('key') });
const dataSchema = z.object({ publicKey: z.string(), accountId: z.string() });

/** JSON in a field, as a script on a page would put it there. */
const response = z
  .string({ error: 'error.code-missing' })
  .transform((text, check) => {
    try {
      return JSON.parse(text) as unknown;
    } catch {
      check.addIssue({ code: 'custom', message: 'error.code-form' });
      return z.NEVER;
    }
  })
  .pipe(z.object({ challenge: z.string(), signature: z.string() }));
type Signed = z.infer<typeof response>;

interface Issued {
  readonly place: string;
  readonly until: Instant;
}

/** A method that proves itself by a signature over a challenge on the page, and the device that signs. */
export function signatureMethod(clock: Clock): { readonly method: Method; readonly device: Device } {
  const device = new Device();
  const issued = new Map<string, Issued>();

  const method: Method<z.infer<typeof stateSchema>> = {
    id: ID,
    in: () => method,
    allowsMultiple: true,
    describe: () => 'Security key',
    enrolment: {
      schema: stateSchema,
      steps: {
        key: enrolmentStep({
          fields: z.object({ name: authenticatorName(), response }),
          isAttempt: false,
          describe: async ({ id }: EnrolmentState) => ({ challenge: id }),
          async submit(state: EnrolmentState, values, { account }) {
            if (!isSigned(values.response, device.publicKey, state.id)) {
              return { kind: 'fault', fault: 'wrong', state };
            }
            return {
              kind: 'proven',
              name: values.name,
              data: { publicKey: device.publicKeyText, accountId: account.id },
            };
          },
        }),
      },
      begin: () => ({ id: randomUUID(), method: ID, step: 'key' }),
    },
    verifier: verifier({
      fields: z.object({ response }),
      clockDependent: false,
      async prompt(_authenticator, context) {
        const challenge = randomUUID();
        issued.set(challenge, { place: placeOf(context), until: clock() + LIFETIME });
        return { challenge };
      },
      async verifyAndConsume({ data }, values, context) {
        const { publicKey, accountId } = dataSchema.parse(data);
        const known = issued.get(values.response.challenge);
        if (known && known.place !== placeOf(context)) return 'wrong';
        if (known && known.until <= clock()) return 'expired';
        const key = createPublicKey(publicKey);
        const isOwn = accountId === context.account.id && known !== undefined;
        if (!isOwn || !isSigned(values.response, key, values.response.challenge)) return 'wrong';
        return issued.delete(values.response.challenge) ? 'right' : 'already used';
      },
    }),
  };
  return { method, device };
}

function placeOf({ account, purpose, browser }: ProofContext): string {
  return JSON.stringify([account.id, purpose, browser]);
}

function isSigned({ challenge, signature }: Signed, key: KeyObject, expected: string): boolean {
  return (
    challenge === expected && verify(null, Buffer.from(challenge), key, Buffer.from(signature, 'base64'))
  );
}

/** Holds the private key, as a security key does. */
export class Device {
  readonly #keys = generateKeyPairSync('ed25519');

  get publicKey(): KeyObject {
    return this.#keys.publicKey;
  }

  get publicKeyText(): string {
    return String(this.publicKey.export({ type: 'spki', format: 'pem' }));
  }

  readonly oldState: EnrolmentState = { id: 'old', method: ID, step: 'key' };

  get oldData(): unknown {
    return { publicKey: this.publicKeyText, accountId: 'ann' };
  }

  /** A response to this challenge, as in the form. */
  signs(challenge: string): string {
    const signature = sign(null, Buffer.from(challenge), this.#keys.privateKey).toString('base64');
    return JSON.stringify({ challenge, signature });
  }
}
