import type { Account } from '../../../accounts/account.ts';
import type { AdministrationOutcome, Lockout } from '../../../administration/administration.ts';
import type { Actor } from '../../../audit/audit.ts';
import type { MessageKey } from '../../../kernel/i18n.ts';
import type { Instant } from '../../../kernel/time.ts';
import type { Delivery } from '../../../mail/mailer.ts';
import type { ProposedChange } from '../../../policy/policies.ts';
import type { PersonSnapshot } from '../../../policy/snapshot.ts';
import type { Grace } from '../../../settings/grace.ts';
import type { Settings } from '../../../settings/settings.ts';
import type { PageServices } from '../../page-services.ts';
import type { Fact } from './person-facts.ts';

/** The actions of an administrator on an account; their words are at `person-action.<id>`. */
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

/** What carries the actions out. */
export type ActionServices = Pick<PageServices, 'administration' | 'credentials' | 'registration'>;

export interface PersonAction {
  /** The row of the person's page with the link to this action. */
  readonly fact: Fact;
  /** `offered` needs to know whether the person is locked out, which costs a statement. */
  readonly needsLockout?: true;
  readonly offered: (account: Account, administrator: Account, lockout: Lockout | undefined) => boolean;
  /** Path of the page that replaces this action under these settings. */
  readonly instead?: (settings: Settings, account: Account) => string | undefined;
  /** The form has the fields of a grace period. */
  readonly takesGrace?: true;
  /** The change of the person's rules, for the preview; undefined for actions that change no rule. */
  readonly proposed?: (known: PersonSnapshot, grace: Grace, now: Instant) => ProposedChange;
  readonly perform: (
    services: ActionServices,
    account: Account,
    actor: Actor,
    grace: Grace,
  ) => Promise<ActionOutcome>;
  readonly done: MessageKey;
  /** For the administrator's own account: a warning, and a page that they can still open afterwards. */
  readonly own?: { readonly warning: MessageKey; readonly goesTo: string };
  /** Destructive: the button is red. */
  readonly severe?: true;
}

const isEnabled = ({ disabledAt }: Account) => disabledAt === null;
const hasPassword = ({ passwordHash }: Account) => passwordHash !== null;

export const ACTIONS: Readonly<Record<ActionId, PersonAction>> = {
  'enforce-2fa': {
    fact: 'rule',
    offered: (account) => isEnabled(account) && account.enforcement === null,
    takesGrace: true,
    proposed: (known, grace, at) => ({ person: { known, enforcement: { at, grace } } }),
    perform: async ({ administration }, account, actor, grace) =>
      (await administration.enforceTwoFactor(account, grace, actor)) ? 'done' : 'not now',
    done: 'person-action.enforce-2fa.done',
  },
  'lift-2fa': {
    fact: 'rule',
    offered: ({ enforcement }) => enforcement !== null,
    proposed: (known) => ({ person: { known, enforcement: null } }),
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
    perform: async ({ administration }, account, actor) =>
      (await administration.resetTwoFactor(account, actor)) ? 'done' : 'not now',
    done: 'person-action.reset-2fa.done',
    own: { warning: 'person-action.own-sign-out', goesTo: '/sign-in' },
    severe: true,
  },
  'free-authenticators': {
    fact: 'wrong-codes',
    needsLockout: true,
    offered: (_account, _administrator, lockout) => lockout !== undefined,
    perform: ({ administration }, account, actor) => done(administration.unlock(account, actor)),
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
    // An administrator who disabled their own account could not undo it.
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

/** The actions that are possible for this account now. */
export function offeredActions(
  account: Account,
  administrator: Account,
  lockout: Lockout | undefined,
): readonly { readonly id: ActionId; readonly fact: Fact }[] {
  return PERSON_ACTIONS.filter((id) => ACTIONS[id].offered(account, administrator, lockout)).map((id) => ({
    id,
    fact: ACTIONS[id].fact,
  }));
}
