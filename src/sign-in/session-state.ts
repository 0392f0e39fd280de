import { z } from 'zod';
import { ABSOLUTE_LIMIT } from '../accounts/sign-ins.ts';
import { sealedText } from '../kernel/keyring.ts';
import { hours, type Instant } from '../kernel/time.ts';
import type { SessionSubject } from '../policy/snapshot.ts';
import { METHOD_IDS } from '../settings/method-ids.ts';
import { type Assurance, assuranceSchema } from './assurance.ts';

/** How long a sign-in may stay pending after the password. */
export const PENDING_LIMIT = hours(1);

/** The method parses the rest of its enrolment; only the common fields are checked here. */
const enrolmentState = z.looseObject({ id: z.string(), method: z.enum(METHOD_IDS), step: z.string() });

/** A change of email address that waits for the code from the new mailbox. */
const emailChange = z.object({ email: z.string() });

/** A step-up after its password, waiting for the code. */
const stepUp = z.object({
  passwordAt: z.number(),
  chosenId: z.string().optional(),
  returnTo: z.string(),
  /** The only methods that the app accepts which the person is on the way to. Undefined: any, and recovery codes. */
  methods: z.array(z.enum(METHOD_IDS)).optional(),
});

const anonymous = z.object({ kind: z.literal('anonymous') });

/** The password is proven; another step is due before the account can be accessed. */
const pending = z.object({
  kind: z.literal('pending'),
  accountId: z.string(),
  /** The sign-in of an open session in which another step became due; the session ends with it. Undefined for a new one. */
  signInId: z.string().optional(),
  epoch: z.number(),
  since: z.number(),
  returnTo: z.string(),
  chosenId: z.string().optional(),
  assurance: assuranceSchema,
  enrolment: enrolmentState.optional(),
});

/** New recovery codes, sealed: shown until the person confirms that they have them. */
const freshCodes = z.object({ sealed: sealedText, at: z.number(), returnTo: z.string() });

/** A new secret of an app, sealed: shown until the administrator confirms that it is in the app. */
const freshSecret = z.object({ appId: z.string(), sealed: sealedText, at: z.number() });

const signedIn = z.object({
  kind: z.literal('signed in'),
  accountId: z.string(),
  signInId: z.string(),
  epoch: z.number(),
  since: z.number(),
  assurance: assuranceSchema,
  /** When all that was due, with the password, was last proven; 0 after a sign-in by a trusted browser. */
  steppedUpAt: z.number(),
  stepUp: stepUp.optional(),
  enrolment: enrolmentState.optional(),
  emailChange: emailChange.optional(),
  freshCodes: freshCodes.optional(),
  freshSecret: freshSecret.optional(),
  /** The authenticator that the enrolment in progress replaces. */
  replacedId: z.string().optional(),
  /** Where the person goes on after the enrolment in progress; undefined: "Your 2FA". */
  enrolmentReturnTo: z.string().optional(),
});

const sessionState = z.discriminatedUnion('kind', [anonymous, pending, signedIn]);

export type SessionState = z.infer<typeof sessionState>;
export type PendingSession = z.infer<typeof pending>;
export type SignedInSession = z.infer<typeof signedIn>;

/** The format of sessions before they had an assurance: sessions outlive deployments. */
const formerState = z.looseObject({
  kind: z.enum(['password accepted', 'signed in']),
  since: z.number(),
  secondStep: z.boolean().optional(),
  assurance: z.undefined().optional(),
});

/** Parses what the session store returned; anything unknown is anonymous. */
export function parseState(stored: unknown): SessionState {
  const former = formerState.safeParse(stored).data;
  const parsed = sessionState.safeParse(former ? migrated(former) : stored);
  return parsed.success ? parsed.data : { kind: 'anonymous' };
}

function migrated({ kind, secondStep, ...state }: z.infer<typeof formerState>) {
  const { since: at } = state;
  const assurance: Assurance = [
    { factor: 'password', at },
    ...(secondStep ? [{ factor: 'authenticator', at } as const] : []),
  ];
  return { ...state, kind: kind === 'signed in' ? kind : 'pending', assurance };
}

/** The same; also anonymous if the state is too old, or further in the future than clocks differ. */
export function currentState(stored: unknown, now: Instant): SessionState {
  const state = parseState(stored);
  return isOver(state, now) ? { kind: 'anonymous' } : state;
}

function isOver(state: SessionState, now: Instant): boolean {
  if (state.kind === 'anonymous') return false;
  const limit = state.kind === 'signed in' ? ABSOLUTE_LIMIT : PENDING_LIMIT;
  return now - state.since >= limit || now < state.since - hours(1);
}

/** The account and sign-in that a session refers to; undefined for an anonymous one. */
export function subjectOf(state: SessionState): SessionSubject | undefined {
  if (state.kind === 'anonymous') return undefined;
  const { accountId, signInId } = state;
  return { accountId, signInId };
}
