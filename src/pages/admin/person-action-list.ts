import type { Account } from '../../accounts/account.ts';
import type { AdministrationOutcome, HeldUp } from '../../accounts/administration.ts';
import type { PersonFacts } from '../../accounts/standings.ts';
import type { Actor } from '../../audit/audit.ts';
import type { Delivery } from '../../post/post.ts';
import type { Settings } from '../../settings/settings.ts';
import type { Instant } from '../../time.ts';
import type { Grace } from '../../two-factor/grace.ts';
import type { WhatIf } from '../../two-factor/policies.ts';
import type { MessageKey } from '../../words.ts';
import type { PageServices } from '../page-services.ts';
import type { Fact } from './person.ts';

/** What an administrator can do to an account; their words stand under `person-action.<id>`. */
export const PERSON_ACTIONS = [
  'enforce-2fa',
  'lift-2fa',
  'reset-2fa',
  'free-authenticators',
  'end-sessions',
  'send-password-link',
  'send-invitation',
  'disable',
  'enable',
  'make-administrator',
  'remove-administrator',
] as const;
export type ActionId = (typeof PERSON_ACTIONS)[number];

export type ActionOutcome = AdministrationOutcome | 'mail waits' | 'mail refused' | 'not now';

export interface PersonAction {
  /** The fact of the person's page that it stands beside. */
  readonly fact: Fact;
  /** Whether it goes by what keeps the person from proving an authenticator, which is asked for then. */
  readonly goesByHeldUp?: true;
  readonly offered: (account: Account, administrator: Account, heldUp: HeldUp | undefined) => boolean;
  /** The page where it is asked for instead, under the settings as they are. */
  readonly instead?: (settings: Settings, account: Account) => string | undefined;
  /** Whether it is asked for how long the person may put it off. */
  readonly takesGrace?: true;
  /** What it changes of the rules that apply: what that does to the person is said before it is done. */
  readonly whatIf?: (known: PersonFacts, grace: Grace, now: Instant) => WhatIf;
  readonly perform: (
    services: PageServices,
    account: Account,
    actor: Actor,
    grace: Grace,
  ) => Promise<ActionOutcome>;
  readonly done: MessageKey;
  /** What it does to the administrator whose own account it is, and the page that is left to them then. */
  readonly own?: { readonly warning: MessageKey; readonly goesTo: string };
  /** Takes something away. */
  readonly severe?: true;
}

const isEnabled = ({ disabledAt }: Account) => disabledAt === null;
const hasPassword = ({ passwordHash }: Account) => passwordHash !== null;

export const ACTIONS: Readonly<Record<ActionId, PersonAction>> = {
  'enforce-2fa': {
    fact: 'rule',
    offered: (account) => isEnabled(account) && account.enforcement === null,
    takesGrace: true,
    whatIf: (known, grace, at) => ({ person: { known, enforcement: { at, grace } } }),
    perform: async ({ administration }, account, actor, grace) =>
      (await administration.enforceTwoFactor(account, grace, actor)) ? 'done' : 'not now',
    done: 'person-action.enforce-2fa.done',
  },
  'lift-2fa': {
    fact: 'rule',
    offered: ({ enforcement }) => enforcement !== null,
    whatIf: (known) => ({ person: { known, enforcement: null } }),
    perform: async ({ administration }, account, actor) =>
      (await administration.liftEnforcement(account, actor)) ? 'done' : 'not now',
    done: 'person-action.lift-2fa.done',
    severe: true,
  },
  'reset-2fa': {
    fact: 'two-factor',
    offered: hasPassword,
    instead: ({ resets }, { id }) =>
      resets.secondApproval ? `/admin/people/${id}/request-reset` : undefined,
    perform: ({ administration }, account, actor) => done(administration.resetTwoFactor(account, actor)),
    done: 'person-action.reset-2fa.done',
    own: { warning: 'person-action.own-sign-out', goesTo: '/sign-in' },
    severe: true,
  },
  'free-authenticators': {
    fact: 'wrong-codes',
    goesByHeldUp: true,
    offered: (_account, _administrator, heldUp) => heldUp !== undefined,
    perform: ({ administration }, account, actor) => done(administration.free(account, actor)),
    done: 'person-action.free-authenticators.done',
  },
  'end-sessions': {
    fact: 'last-sign-in',
    offered: (account) => isEnabled(account) && hasPassword(account),
    perform: ({ administration }, account, actor) => done(administration.endSessions(account, actor)),
    done: 'person-action.end-sessions.done',
    own: { warning: 'person-action.own-sign-out', goesTo: '/sign-in' },
    severe: true,
  },
  'send-password-link': {
    fact: 'password',
    offered: (account) => isEnabled(account) && hasPassword(account),
    perform: async ({ credentials }, account, actor) => mailed(await credentials.sendReset(account, actor)),
    done: 'person-action.send-password-link.done',
  },
  'send-invitation': {
    fact: 'password',
    offered: (account) => isEnabled(account) && !hasPassword(account),
    perform: async ({ registration }, account, actor) =>
      mailed(await registration.inviteAgain(account, actor)),
    done: 'person-action.send-invitation.done',
  },
  disable: {
    fact: 'state',
    // Whoever disabled themselves could not undo it.
    offered: (account, administrator) => isEnabled(account) && account.id !== administrator.id,
    perform: ({ administration }, account, actor) => administration.disable(account, actor),
    done: 'person-action.disable.done',
    severe: true,
  },
  enable: {
    fact: 'state',
    offered: (account) => !isEnabled(account),
    perform: ({ administration }, account, actor) => done(administration.enable(account, actor)),
    done: 'person-action.enable.done',
  },
  'make-administrator': {
    fact: 'role',
    offered: (account) => account.role === 'member' && isEnabled(account),
    perform: ({ administration }, account, actor) => administration.setRole(account, 'administrator', actor),
    done: 'person-action.make-administrator.done',
  },
  'remove-administrator': {
    fact: 'role',
    offered: ({ role }) => role === 'administrator',
    perform: ({ administration }, account, actor) => administration.setRole(account, 'member', actor),
    done: 'person-action.remove-administrator.done',
    own: { warning: 'person-action.own-role', goesTo: '/' },
    severe: true,
  },
};

async function done(work: Promise<void>): Promise<ActionOutcome> {
  await work;
  return 'done';
}

function mailed(delivery: Delivery): ActionOutcome {
  return ({ accepted: 'done', waiting: 'mail waits', refused: 'mail refused' } as const)[delivery];
}

/** What can be done to this account as it is now. */
export function offeredActions(
  account: Account,
  administrator: Account,
  heldUp: HeldUp | undefined,
): readonly { readonly id: ActionId; readonly fact: Fact }[] {
  return PERSON_ACTIONS.filter((id) => ACTIONS[id].offered(account, administrator, heldUp)).map((id) => ({
    id,
    fact: ACTIONS[id].fact,
  }));
}
