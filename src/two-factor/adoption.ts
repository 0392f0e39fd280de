import { accountState } from '../accounts/account.ts';
import type { Group } from '../accounts/group.ts';
import type { Clock } from '../time.ts';
import type { Census, Compared, Rules, Tally } from './census.ts';
import { type Count, LongCounts } from './long-counts.ts';
import { METHOD_IDS, type MethodId } from './method.ts';
import { type Due, dueAfterPassword } from './sign-in-checks.ts';

/** Somebody with all that is counted of them. */
export interface Adopter extends Compared {
  /** The enrolment that the policy demands and that has not been made. */
  readonly due: Due | undefined;
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

const FIGURES: Readonly<Record<FigureId, (adopter: Adopter) => boolean>> = {
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
  'in-grace': ({ due }) => due?.mayWait === true,
  overdue: ({ due }) => due?.mayWait === false,
};

/** Which methods people have, everybody once: the parts of a whole. */
export const PARTS: readonly FigureId[] = [
  'several',
  ...METHOD_IDS.map((id) => `only-${id}` as const),
  'none',
];

/** The figures by the tables in which they are shown, each headed by its id. */
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

/** The figures of everybody, or of the members of a group. */
export interface Slice {
  readonly group: Group | undefined;
  readonly figures: Readonly<Record<FigureId, number>>;
}

/** The figure as a share of those who can sign in; undefined where it is no part of them, or where there is nobody. */
export function shareOf(figure: FigureId, { figures }: Slice): number | undefined {
  const whole = figures['can-sign-in'];
  return figure === 'can-sign-in' || figure === 'invited' || whole === 0
    ? undefined
    : figures[figure] / whole;
}

interface AdoptionServices {
  readonly census: Pick<Census, 'tallies' | 'people'>;
  readonly clock: Clock;
}

/** Everybody first, then each group by name. */
export type Slices = readonly [Slice, ...Slice[]];

/** Among whom is counted: everybody, or the members of a group. */
interface Among {
  readonly rules: Rules;
  readonly groupId?: string | undefined;
}

/** Of whom a figure may count some. */
interface Counting {
  readonly keys: readonly string[];
  readonly total: number;
  /** Whether it may leave out some of a cohort. */
  readonly apart: boolean;
}

/** Who has what of two-factor authentication, counted by the rules that decide at sign-in. */
export class Adoption {
  readonly #services: AdoptionServices;
  readonly #glances: LongCounts<Slices>;
  readonly #lists: LongCounts<Counting>;

  constructor(services: AdoptionServices) {
    this.#services = services;
    this.#glances = new LongCounts(services.clock);
    this.#lists = new LongCounts(services.clock);
  }

  /** The figures for a page: counting takes seconds where there are a million people. */
  async glance(rules: Rules): Promise<Count<Slices>> {
    return this.#glances.of('everybody', () => this.slices(rules));
  }

  async slices(rules: Rules): Promise<Slices> {
    const everybody = { group: undefined, figures: zeros() };
    const groups = rules.groups.map((group) => ({ group, figures: zeros() }));
    const byId = new Map(groups.map((slice) => [slice.group.id, slice]));
    for await (const { adopter, size } of this.#tallies({ rules })) {
      const theirs = [everybody, ...groupIdsOf(adopter).flatMap((id) => byId.get(id) ?? [])];
      for (const figure of FIGURE_IDS.filter((id) => counts(id, adopter))) {
        for (const { figures } of theirs) figures[figure] += size;
      }
    }
    return [everybody, ...groups];
  }

  /** Those whom a figure counts, oldest account first. */
  async *behind(figure: FigureId, scope: Among): AsyncGenerator<Adopter> {
    const { keys } = await this.#count(figure, scope);
    yield* this.#people(figure, keys, scope, 0);
  }

  /** Some of them, and how many there are; who they are may have been counted a while ago, as in `glance`. */
  async pageBehind(
    figure: FigureId,
    scope: Among,
    { skip, take }: { readonly skip: number; readonly take: number },
  ): Promise<{ readonly people: readonly Adopter[]; readonly total: number }> {
    const { value } = await this.#lists.of(`${figure} ${scope.groupId ?? ''}`, () =>
      this.#count(figure, scope),
    );
    const { keys, total, apart } = value;
    const people: Adopter[] = [];
    // Where not all of a cohort count, the database cannot tell how many to skip.
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
    for await (const { adopter, size, ...tally } of this.#tallies(scope)) {
      if (!counts(figure, adopter)) continue;
      for (const key of tally.keys) keys.add(key);
      total += size;
      apart ||= tally.apart;
    }
    return { keys: [...keys], total, apart };
  }

  async *#tallies(scope: Among): AsyncGenerator<Tally & { readonly adopter: Adopter }> {
    for await (const tally of this.#services.census.tallies(scope)) {
      yield { ...tally, adopter: adopterOf(tally.one) };
    }
  }

  async *#people(
    figure: FigureId,
    keys: readonly string[],
    scope: Among,
    skip: number,
  ): AsyncGenerator<Adopter> {
    for await (const batch of this.#services.census.people(keys, scope, skip)) {
      yield* batch.map(adopterOf).filter((adopter) => counts(figure, adopter));
    }
  }
}

function adopterOf(one: Compared): Adopter {
  return { ...one, due: dueAfterPassword(one.policy, one.authenticators, true) };
}

/** Of all figures but one it holds that only those count who can sign in. */
function counts(figure: FigureId, adopter: Adopter): boolean {
  const state = figure === 'invited' ? 'invited' : 'active';
  return accountState(adopter.account) === state && FIGURES[figure](adopter);
}

function methodsOf({ authenticators }: Adopter): ReadonlySet<MethodId> {
  return new Set(authenticators.map(({ method }) => method));
}

function groupIdsOf({ policy }: Adopter): readonly string[] {
  return policy.rules.flatMap(({ source }) => (source.kind === 'group' ? source.id : []));
}

function byMethod<Prefix extends string>(
  prefix: Prefix,
  test: (id: MethodId) => (adopter: Adopter) => boolean,
) {
  return Object.fromEntries(METHOD_IDS.map((id) => [`${prefix}-${id}`, test(id)])) as Record<
    `${Prefix}-${MethodId}`,
    (adopter: Adopter) => boolean
  >;
}

function zeros(): Record<FigureId, number> {
  return Object.fromEntries(FIGURE_IDS.map((id) => [id, 0])) as Record<FigureId, number>;
}
