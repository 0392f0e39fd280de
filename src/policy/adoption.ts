import { accountState } from '../accounts/account.ts';
import type { Clock } from '../kernel/time.ts';
import { METHOD_IDS, type MethodId } from '../settings/method-ids.ts';
import type { Group } from './group.ts';
import type { CohortTotal, PersonDiff, PolicyReport, Rules } from './report.ts';
import { type RequiredEnrolment, requiredEnrolment } from './requirements.ts';
import { type Count, SingleFlightCache } from './single-flight-cache.ts';

/** A person, with everything that the figures count. */
export interface EnrolmentProgress extends PersonDiff {
  /** The enrolment that the policy requires and the person has not done. */
  readonly due: RequiredEnrolment | undefined;
}

export type FigureId =
  | 'can-sign-in'
  | 'several'
  | 'none'
  | `only-${MethodId}`
  | `with-${MethodId}`
  | 'with-codes'
  | 'never-signed-in'
  | 'invited'
  | 'mandatory'
  | 'lacking'
  | 'in-grace'
  | 'overdue';

const FIGURES: Readonly<Record<FigureId, (adopter: EnrolmentProgress) => boolean>> = {
  'can-sign-in': () => true,
  several: (adopter) => methodsOf(adopter).size > 1,
  none: (adopter) => methodsOf(adopter).size === 0,
  ...byMethod('only', (id) => (adopter) => methodsOf(adopter).size === 1 && methodsOf(adopter).has(id)),
  ...byMethod('with', (id) => (adopter) => methodsOf(adopter).has(id)),
  'with-codes': ({ hasCodes }) => hasCodes,
  'never-signed-in': ({ account }) => account.lastSignInAt === null,
  invited: () => true,
  mandatory: ({ policy }) => policy.rule === 'mandatory',
  lacking: ({ due }) => due !== undefined,
  'in-grace': ({ due }) => due?.deferrable === true,
  overdue: ({ due }) => due?.deferrable === false,
};

/** Figures that count each person who can sign in exactly once, by their methods. */
export const PARTS: readonly FigureId[] = [
  'several',
  ...METHOD_IDS.map((id) => `only-${id}` as const),
  'none',
];

/** The figures of each table. The id selects its heading. */
export const FIGURE_TABLES = [
  { id: 'methods', figures: ['can-sign-in', ...PARTS] },
  {
    id: 'reach',
    figures: [...METHOD_IDS.map((id) => `with-${id}` as const), 'with-codes', 'never-signed-in', 'invited'],
  },
  { id: 'mandatory', figures: ['mandatory', 'lacking', 'in-grace', 'overdue'] },
] as const satisfies readonly { readonly id: string; readonly figures: readonly FigureId[] }[];

export const FIGURE_IDS: readonly FigureId[] = FIGURE_TABLES.flatMap(
  ({ figures }): readonly FigureId[] => figures,
);

/** The figures of everybody (`group` undefined), or of the members of a group. */
export interface Slice {
  readonly group: Group | undefined;
  readonly figures: Readonly<Record<FigureId, number>>;
}

/** The figure as a share (0 to 1) of the people who can sign in; undefined if it is no part of them, or if there are none. */
export function shareOf(figure: FigureId, { figures }: Slice): number | undefined {
  const whole = figures['can-sign-in'];
  return figure === 'can-sign-in' || figure === 'invited' || whole === 0
    ? undefined
    : figures[figure] / whole;
}

interface AdoptionServices {
  readonly policyReport: Pick<PolicyReport, 'totals' | 'people'>;
  readonly clock: Clock;
}

/** Everybody first, then each group by name. */
export type Slices = readonly [Slice, ...Slice[]];

/** The people to count: everybody, or the members of a group. */
interface Among {
  readonly rules: Rules;
  readonly groupId?: string | undefined;
}

/** The cohorts that a figure counts, with the number of people. */
interface Counting {
  readonly keys: readonly string[];
  readonly total: number;
  /** Whether the figure may count only a part of a cohort. */
  readonly apart: boolean;
}

/** Statistics of 2FA: who has which methods, by the same rules as at sign-in. */
export class Adoption {
  readonly #services: AdoptionServices;
  readonly #glances: SingleFlightCache<Slices>;
  readonly #lists: SingleFlightCache<Counting>;

  constructor(services: AdoptionServices) {
    this.#services = services;
    this.#glances = new SingleFlightCache(services.clock);
    this.#lists = new SingleFlightCache(services.clock);
  }

  /** Like `slices`, cached: with a million people the count takes seconds. */
  async summary(rules: Rules): Promise<Count<Slices>> {
    return this.#glances.of('everybody', () => this.slices(rules));
  }

  async slices(rules: Rules): Promise<Slices> {
    const everybody = { group: undefined, figures: zeros() };
    const groups = rules.groups.map((group) => ({ group, figures: zeros() }));
    const byId = new Map(groups.map((slice) => [slice.group.id, slice]));
    for await (const { adopter, size } of this.#totals({ rules })) {
      const theirs = [everybody, ...groupIdsOf(adopter).flatMap((id) => byId.get(id) ?? [])];
      for (const figure of FIGURE_IDS.filter((id) => counts(id, adopter))) {
        for (const { figures } of theirs) figures[figure] += size;
      }
    }
    return [everybody, ...groups];
  }

  /** The people whom a figure counts, oldest account first. */
  async *peopleIn(figure: FigureId, scope: Among): AsyncGenerator<EnrolmentProgress> {
    const { keys } = await this.#count(figure, scope);
    yield* this.#people(figure, keys, scope, 0);
  }

  /** One page of `peopleIn`, with the total. The total and the cohorts may come from the cache, as in `summary`. */
  async pageOfPeopleIn(
    figure: FigureId,
    scope: Among,
    { skip, take }: { readonly skip: number; readonly take: number },
  ): Promise<{ readonly people: readonly EnrolmentProgress[]; readonly total: number }> {
    const { value } = await this.#lists.of(`${figure} ${scope.groupId ?? ''}`, () =>
      this.#count(figure, scope),
    );
    const { keys, total, apart } = value;
    const people: EnrolmentProgress[] = [];
    // If only a part of a cohort counts, the database cannot skip people: they are skipped here.
    let ahead = apart ? skip : 0;
    if (skip >= total) return { people, total };
    for await (const adopter of this.#people(figure, keys, scope, apart ? 0 : skip)) {
      if (ahead > 0) ahead -= 1;
      else people.push(adopter);
      if (people.length === take) break;
    }
    return { people, total };
  }

  async #count(figure: FigureId, scope: Among): Promise<Counting> {
    const keys = new Set<string>();
    let [total, apart] = [0, false];
    for await (const { adopter, size, ...tally } of this.#totals(scope)) {
      if (!counts(figure, adopter)) continue;
      for (const key of tally.keys) keys.add(key);
      total += size;
      apart ||= tally.apart;
    }
    return { keys: [...keys], total, apart };
  }

  async *#totals(scope: Among): AsyncGenerator<CohortTotal & { readonly adopter: EnrolmentProgress }> {
    for await (const tally of this.#services.policyReport.totals(scope)) {
      yield { ...tally, adopter: adopterOf(tally.one) };
    }
  }

  async *#people(
    figure: FigureId,
    keys: readonly string[],
    scope: Among,
    skip: number,
  ): AsyncGenerator<EnrolmentProgress> {
    for await (const batch of this.#services.policyReport.people(keys, scope, skip)) {
      yield* batch.map(adopterOf).filter((adopter) => counts(figure, adopter));
    }
  }
}

function adopterOf(one: PersonDiff): EnrolmentProgress {
  return { ...one, due: requiredEnrolment(one.policy, one.authenticators) };
}

/** Every figure except "invited" counts only people who can sign in. */
function counts(figure: FigureId, adopter: EnrolmentProgress): boolean {
  const state = figure === 'invited' ? 'invited' : 'active';
  return accountState(adopter.account) === state && FIGURES[figure](adopter);
}

function methodsOf({ authenticators }: EnrolmentProgress): ReadonlySet<MethodId> {
  return new Set(authenticators.map(({ method }) => method));
}

function groupIdsOf({ policy }: EnrolmentProgress): readonly string[] {
  return policy.rules.flatMap(({ source }) => (source.kind === 'group' ? source.id : []));
}

function byMethod<Prefix extends string>(
  prefix: Prefix,
  test: (id: MethodId) => (adopter: EnrolmentProgress) => boolean,
) {
  return Object.fromEntries(METHOD_IDS.map((id) => [`${prefix}-${id}`, test(id)])) as Record<
    `${Prefix}-${MethodId}`,
    (adopter: EnrolmentProgress) => boolean
  >;
}

function zeros(): Record<FigureId, number> {
  return Object.fromEntries(FIGURE_IDS.map((id) => [id, 0])) as Record<FigureId, number>;
}
