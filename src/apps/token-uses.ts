import type { SignIns } from '../accounts/sign-ins.ts';
import { type Clock, minutes } from '../kernel/time.ts';
import type { Policies } from '../policy/policies.ts';
import type { AuthSnapshots } from '../policy/snapshot.ts';
import type { Visitor } from './access.ts';
import type { AppDemand } from './app.ts';
import { standingAccess } from './standing-sign-in.ts';

/** Precision of "last seen" for apps, in milliseconds. */
const SEEN_EVERY = minutes(1);

interface TokenUseServices {
  readonly snapshots: AuthSnapshots;
  readonly signIns: Pick<SignIns, 'recordUse'>;
  readonly policies: Pick<Policies, 'by'>;
  readonly clock: Clock;
}

/** The use of codes and tokens, each of which rests on a sign-in to Postern. */
export class TokenUses {
  readonly #services: TokenUseServices;

  constructor(services: TokenUseServices) {
    this.#services = services;
  }

  /**
   * The person of a code or token, if it is worth something now: the sign-in is open, and the app lets the person in. Undefined
   * otherwise. One statement, nothing is cached: an ended sign-in, a stricter rule or a group that was left counts at once. The use
   * keeps the sign-in from idling.
   */
  async personOf(
    app: AppDemand,
    subject: { readonly accountId: string; readonly signInId: string },
  ): Promise<Visitor | undefined> {
    const { snapshots, policies, signIns, clock } = this.#services;
    const standing = standingAccess(app, await snapshots.read(subject), policies, clock());
    if (standing.kind !== 'allowed') return undefined;
    await signIns.recordUse(standing.signIn, SEEN_EVERY);
    return standing.visitor;
  }
}
