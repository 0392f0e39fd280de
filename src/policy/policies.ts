import type { Account, Enforcement } from '../accounts/account.ts';
import type { Clock, Instant } from '../kernel/time.ts';
import { bind, type Transaction } from '../kernel/transaction.ts';
import type { PolicyRule, RuleSource } from '../settings/rule.ts';
import type { OfMethod } from '../two-factor/authenticator.ts';
import {
  type EffectivePolicy,
  type EffectiveRule,
  effectivePolicy,
  enforcedMethods,
} from './effective-policy.ts';
import type { GroupStore, Membership } from './group.ts';

/** Key under which the beginning of a grace is stored. */
export type GraceKey = string;

/** When the graces of an account began, by the source of the rule. */
export type GraceStarts = ReadonlyMap<GraceKey, Instant>;

/** Storage of the beginnings of graces. */
export interface GraceStore {
  of(accountIds: readonly string[]): Promise<ReadonlyMap<string, GraceStarts>>;
  /** Records the beginning, unless one at or after `since` is recorded. Of concurrent calls the first counts. */
  begin(accountId: string, source: GraceKey, since: Instant, at: Instant): Promise<void>;
}

/** The data of a person on which their policy depends. */
export interface PolicySubject {
  readonly account: Account;
  readonly memberships: readonly Membership[];
  readonly graceStarts: GraceStarts;
}

/** The same, with the authenticators, on which the required enrolment depends. */
export interface PersonSubject extends PolicySubject {
  readonly authenticators: readonly OfMethod[];
}

/** Rules that replace the present ones in a preview. */
export type ProposedChange =
  | {
      readonly site?: PolicyRule;
      /** `rule`: undefined if the group is removed. */
      readonly group?: { readonly id: string; readonly rule: PolicyRule | undefined };
      readonly person?: undefined;
    }
  | {
      readonly site?: undefined;
      readonly group?: undefined;
      /** This person with these groups, or with or without "Enforce 2FA". */
      readonly person: {
        readonly known: PersonSubject;
        readonly memberships?: readonly Membership[];
        readonly enforcement?: Enforcement | null;
      };
    };

/** A person's policy now, and after the change. */
export interface ComparedPolicies {
  readonly now: EffectivePolicy;
  readonly then: EffectivePolicy;
}

interface PolicyServices {
  readonly groups: Pick<GroupStore, 'of'>;
  readonly graces: GraceStore;
  readonly clock: Clock;
}

/** Computes the policy of a person from the rules of the site, of their groups, and "Enforce 2FA". */
export class Policies {
  readonly #services: PolicyServices;

  constructor(services: PolicyServices) {
    this.#services = services;
  }

  in(tx: Transaction): Policies {
    return new Policies(bind(this.#services, tx));
  }

  /** The person's present policy. `site`: the site's rule. */
  async of(account: Account, site: PolicyRule): Promise<EffectivePolicy> {
    const { groups, graces } = this.#services;
    const memberships = (await groups.of([account.id])).get(account.id) ?? [];
    // Saves a query if no rule has a grace in days.
    const waits = rulesFor(account.enforcement, site, memberships).some(hasDays);
    const graceStartedAt = waits ? (await graces.of([account.id])).get(account.id) : undefined;
    return this.by({ account, memberships, graceStarts: graceStartedAt ?? new Map() }, site);
  }

  /** The person's policy now, and after the change. */
  compared(known: PolicySubject, site: PolicyRule, proposed: ProposedChange): ComparedPolicies {
    const { account, memberships, graceStarts } = known;
    const { enforcement, groups } = changed(account, memberships, proposed);
    const rules = rulesFor(enforcement, proposed.site ?? site, groups);
    const then = evaluate(account, rules, graceStarts, this.#services.clock());
    return { now: this.by(known, site), then };
  }

  /** Like `of`, from data that the caller has read already. */
  by({ account, memberships, graceStarts }: PolicySubject, site: PolicyRule): EffectivePolicy {
    return evaluate(
      account,
      rulesFor(account.enforcement, site, memberships),
      graceStarts,
      this.#services.clock(),
    );
  }

  /** Like `of`, after the password is accepted: starts every grace that has not begun. */
  async atSignIn(account: Account, site: PolicyRule): Promise<EffectivePolicy> {
    const policy = await this.of(account, site);
    const fresh = policy.rules.filter(
      (rule) => hasDays(rule) && (rule.graceStartedAt === null || rule.graceStartedAt < rule.since),
    );
    if (fresh.length === 0) return policy;
    const now = this.#services.clock();
    for (const { source, since } of fresh) {
      // Never before `since`: the clocks of two instances may differ.
      await this.#services.graces.begin(account.id, graceKey(source), since, Math.max(now, since));
    }
    return this.of(account, site);
  }
}

function evaluate(
  account: Account,
  rules: readonly EffectiveRule[],
  graceStarts: GraceStarts | undefined,
  now: Instant,
): EffectivePolicy {
  const known = rules.map((rule) => ({
    ...rule,
    graceStartedAt: graceStarts?.get(graceKey(rule.source)) ?? null,
  }));
  return effectivePolicy(known, account.factorRemovedAt, now);
}

/** The person's enforcement and groups after the change. */
function changed(account: Account, memberships: readonly Membership[], { group, person }: ProposedChange) {
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
  site: PolicyRule,
  memberships: readonly Membership[],
): readonly EffectiveRule[] {
  const others: readonly EffectiveRule[] = [
    { ...site, source: { kind: 'site' }, graceStartedAt: null },
    ...memberships.map(({ group, joinedAt }) => ({
      rule: group.rule,
      methods: group.methods,
      grace: group.grace,
      source: { kind: 'group', id: group.id, name: group.name } as const,
      since: Math.max(group.since, joinedAt),
      graceStartedAt: null,
    })),
  ];
  if (enforcement === null) return others;
  const own: EffectiveRule = {
    rule: 'mandatory',
    methods: enforcedMethods(others, site),
    grace: enforcement.grace,
    source: { kind: 'person' },
    since: enforcement.at,
    graceStartedAt: null,
  };
  return [...others, own];
}

function hasDays({ rule, grace }: EffectiveRule): boolean {
  return rule === 'mandatory' && grace.kind === 'days';
}

function graceKey(source: RuleSource): GraceKey {
  return source.kind === 'group' ? source.id : source.kind;
}
