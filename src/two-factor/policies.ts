import type { Account, Enforcement } from '../accounts/account.ts';
import type { GroupStore, Membership } from '../accounts/group.ts';
import type { Clock, Instant } from '../time.ts';
import type { OfMethod } from './authenticator.ts';
import {
  type AppliedRule,
  enforcedMethods,
  type LaidDownRule,
  type PersonalPolicy,
  personalPolicy,
  type RuleSource,
} from './personal-policy.ts';

/** Under which the beginning of a grace is kept. */
export type GraceKey = string;

/** When the graces of an account began, by source. */
export type Beginnings = ReadonlyMap<GraceKey, Instant>;

/** Where it is kept when people's graces began. */
export interface GraceStore {
  of(accountIds: readonly string[]): Promise<ReadonlyMap<string, Beginnings>>;
  /** Notes the beginning, unless one at or after `since` was noted: of many at once the first stays. */
  begin(accountId: string, source: GraceKey, since: Instant, at: Instant): Promise<void>;
}

/** What of a person decides over what applies to them. */
export interface Known {
  readonly account: Account;
  readonly memberships: readonly Membership[];
  readonly beginnings: Beginnings;
}

/** The same, with what decides over what is asked of them. */
export interface KnownPerson extends Known {
  readonly authenticators: readonly OfMethod[];
}

/** Rules to reckon with instead of those that hold: what a change would bring. */
export type WhatIf =
  | {
      readonly site?: LaidDownRule;
      /** `rule` undefined: the group is gone. */
      readonly group?: { readonly id: string; readonly rule: LaidDownRule | undefined };
      readonly person?: undefined;
    }
  | {
      readonly site?: undefined;
      readonly group?: undefined;
      /** This person in these groups, or with "Enforce 2FA" or without it. */
      readonly person: {
        readonly known: KnownPerson;
        readonly memberships?: readonly Membership[];
        readonly enforcement?: Enforcement | null;
      };
    };

/** What applies to somebody, and what would. */
export interface ComparedPolicies {
  readonly now: PersonalPolicy;
  readonly then: PersonalPolicy;
}

interface PolicyServices {
  readonly groups: Pick<GroupStore, 'of'>;
  readonly graces: GraceStore;
  readonly clock: Clock;
}

/** Works out what applies to whom: by the site's rule, those of their groups, and their own. */
export class Policies {
  readonly #services: PolicyServices;

  constructor(services: PolicyServices) {
    this.#services = services;
  }

  /** What applies to the person at this moment, under this rule of the site. */
  async of(account: Account, site: LaidDownRule): Promise<PersonalPolicy> {
    const { groups, graces } = this.#services;
    const memberships = (await groups.of([account.id])).get(account.id) ?? [];
    // When a grace began matters to nobody whose rules know none.
    const waits = rulesFor(account.enforcement, site, memberships).some(hasDays);
    const begun = waits ? (await graces.of([account.id])).get(account.id) : undefined;
    return this.by({ account, memberships, beginnings: begun ?? new Map() }, site);
  }

  /** What applies now, and what would. */
  compared(known: Known, site: LaidDownRule, whatIf: WhatIf): ComparedPolicies {
    const { account, memberships, beginnings } = known;
    const { enforcement, groups } = changed(account, memberships, whatIf);
    const rules = rulesFor(enforcement, whatIf.site ?? site, groups);
    const then = reckoned(account, rules, beginnings, this.#services.clock());
    return { now: this.by(known, site), then };
  }

  /** The same by what is known of the person already. */
  by({ account, memberships, beginnings }: Known, site: LaidDownRule): PersonalPolicy {
    return reckoned(
      account,
      rulesFor(account.enforcement, site, memberships),
      beginnings,
      this.#services.clock(),
    );
  }

  /** The same, once the password is accepted: every grace of theirs that has not begun begins. */
  async atSignIn(account: Account, site: LaidDownRule): Promise<PersonalPolicy> {
    const policy = await this.of(account, site);
    const fresh = policy.rules.filter(
      (rule) => hasDays(rule) && (rule.begun === null || rule.begun < rule.since),
    );
    if (fresh.length === 0) return policy;
    const now = this.#services.clock();
    for (const { source, since } of fresh) {
      // Never before `since`, should the clocks of two instances differ.
      await this.#services.graces.begin(account.id, graceKey(source), since, Math.max(now, since));
    }
    return this.of(account, site);
  }
}

function reckoned(
  account: Account,
  rules: readonly AppliedRule[],
  beginnings: Beginnings | undefined,
  now: Instant,
): PersonalPolicy {
  const known = rules.map((rule) => ({ ...rule, begun: beginnings?.get(graceKey(rule.source)) ?? null }));
  return personalPolicy(known, account.factorRemovedAt, now);
}

/** What counts of somebody under the supposition. */
function changed(account: Account, memberships: readonly Membership[], { group, person }: WhatIf) {
  const own = person?.known.account.id === account.id ? person : undefined;
  return {
    enforcement: own?.enforcement === undefined ? account.enforcement : own.enforcement,
    groups: (own?.memberships ?? memberships).flatMap((one) => {
      if (group?.id !== one.group.id) return [one];
      return group.rule ? [{ ...one, group: { ...one.group, ...group.rule } }] : [];
    }),
  };
}

function rulesFor(
  enforcement: Enforcement | null,
  site: LaidDownRule,
  memberships: readonly Membership[],
): readonly AppliedRule[] {
  const others: readonly AppliedRule[] = [
    { ...site, source: { kind: 'site' }, begun: null },
    ...memberships.map(({ group, joinedAt }) => ({
      rule: group.rule,
      methods: group.methods,
      grace: group.grace,
      source: { kind: 'group', id: group.id, name: group.name } as const,
      since: Math.max(group.since, joinedAt),
      begun: null,
    })),
  ];
  if (enforcement === null) return others;
  const own: AppliedRule = {
    rule: 'mandatory',
    methods: enforcedMethods(others, site),
    grace: enforcement.grace,
    source: { kind: 'person' },
    since: enforcement.at,
    begun: null,
  };
  return [...others, own];
}

function hasDays({ rule, grace }: AppliedRule): boolean {
  return rule === 'mandatory' && grace.kind === 'days';
}

function graceKey(source: RuleSource): GraceKey {
  return source.kind === 'group' ? source.id : source.kind;
}
