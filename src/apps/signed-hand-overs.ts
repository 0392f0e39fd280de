import type { Origin } from '../audit/audit.ts';
import { newToken } from '../kernel/identifiers.ts';
import type { Clock } from '../kernel/time.ts';
import type { GroupStore } from '../policy/group.ts';
import type { Refusal, Visitor } from './access.ts';
import type { Admissions } from './admissions.ts';
import type { SignedApp } from './app.ts';
import type { AppSecrets } from './app-secrets.ts';
import { identifier, isSafeGroup, nameFor } from './claims.ts';
import type { ClientSignIns } from './client-sign-ins.ts';
import {
  type AppQuery,
  type PersonForApp,
  SIGNING_FAULTS,
  type SignedHandOverTo,
  type Signing,
  type SigningFault,
} from './signed-formats/format.ts';
import { SIGNED_FORMAT_RULES } from './signed-formats/registry.ts';

/** Bits of the id of a token. Apps refuse one that comes twice. */
const TOKEN_ID_BITS = 128;

/** A browser that the app has sent, or that comes from Postern's own list of apps. */
export interface SignedHandOverRequest {
  readonly app: SignedApp;
  /** The parameters of the app's request that its format reads. */
  readonly query: AppQuery;
  /** The person who is signed in, and the sign-in. */
  readonly visitor: Visitor;
  readonly signInId: string;
  /** Of the browser, for the audit log. */
  readonly origin: Origin;
}

export type SignedOutcome =
  | SignedHandOverTo
  | { readonly kind: 'begin' | 'sign out' }
  | { readonly kind: 'fault'; readonly fault: SigningFault }
  | { readonly kind: 'refused'; readonly refusal: Refusal };

/** Outcomes of signed hand-overs, for metrics. */
export const SIGNED_OUTCOMES = ['signed', ...SIGNING_FAULTS] as const;
export type SignedOutcomeName = (typeof SIGNED_OUTCOMES)[number];

interface SignedHandOverServices {
  readonly admissions: Pick<Admissions, 'decide'>;
  readonly appSecrets: Pick<AppSecrets, 'of'>;
  readonly clientSignIns: Pick<ClientSignIns, 'record'>;
  readonly groups: Pick<GroupStore, 'list'>;
  readonly clock: Clock;
  /** Called for each hand-over that was signed, and for each that was not because of a fault. */
  readonly signed: (outcome: SignedOutcomeName) => void;
}

/**
 * Takes a sign-in to an app that accepts a signed statement of who the person is. Postern keeps no trace of the statement: the app
 * sees to it that none is accepted twice (`jti`, nonce).
 */
export class SignedHandOvers {
  readonly #services: SignedHandOverServices;

  constructor(services: SignedHandOverServices) {
    this.#services = services;
  }

  /**
   * Signs if the person may use the app now; otherwise says what is missing. A refusal that the person can do nothing about is
   * audited.
   */
  async open({ app, query, visitor, signInId, origin }: SignedHandOverRequest): Promise<SignedOutcome> {
    const { admissions, clientSignIns, signed } = this.#services;
    const access = await admissions.decide({ app, demand: app }, visitor, origin);
    if (access.kind !== 'allowed') return { kind: 'refused', refusal: access };
    const signing = await this.#sign(app, query, visitor);
    if (signing.kind === 'fault') signed(signing.fault);
    if (signing.kind === 'redirect' || signing.kind === 'form') {
      await clientSignIns.record(app, { account: visitor.account, signInId, origin });
      signed('signed');
    }
    return signing;
  }

  async #sign(app: SignedApp, query: AppQuery, visitor: Visitor): Promise<Signing> {
    const { appSecrets, clock } = this.#services;
    const [newest, ...former] = await appSecrets.of(app);
    if (newest === undefined) return { kind: 'fault', fault: 'no secret' };
    return SIGNED_FORMAT_RULES[app.signed.format].sign({
      ...{ app, query, secrets: [newest, ...former], now: clock() },
      ...{ person: await this.#personFor(app, visitor), tokenId: newToken(TOKEN_ID_BITS) },
    });
  }

  async #personFor({ signed }: SignedApp, { account, groups }: Visitor): Promise<PersonForApp> {
    const all = signed.toldGroups.length === 0 ? [] : await this.#services.groups.list();
    const told = all.filter(({ id, name }) => signed.toldGroups.includes(id) && isSafeGroup(name));
    const isIn = (group: { readonly id: string }) => groups.some(({ id }) => id === group.id);
    const names = (list: typeof told) => list.map(({ name }) => name);
    return {
      ...{ id: account.id, email: identifier(account.email), name: nameFor(account) },
      isConfirmed: account.emailConfirmedAt !== null,
      groups: names(told.filter(isIn)),
      otherGroups: names(told.filter((group) => !isIn(group))),
    };
  }
}
