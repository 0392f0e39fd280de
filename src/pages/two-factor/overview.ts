import type { Authenticator } from '../../two-factor/authenticator.ts';
import { METHOD_IDS, type MethodId } from '../../two-factor/method.ts';
import { allowedAuthenticators } from '../../two-factor/policy.ts';
import { chooseAuthenticator } from '../../two-factor/second-step.ts';
import type { Handler } from '../../web/guards.ts';
import { reasonsInWords } from '../../web/policy-words.ts';
import type { Person } from '../../web/standing.ts';
import type { PageServices } from '../page-services.ts';

/** One method on the page: what the person has of it, and whether more can be set up. */
export interface MethodSection {
  readonly id: MethodId;
  readonly allowed: boolean;
  /** Whether what there is of a method that is not allowed is asked for all the same. */
  readonly asked: boolean;
  readonly canSetUp: boolean;
  readonly existing: readonly {
    readonly id: string;
    readonly name: string;
    readonly description: string;
    readonly createdAt: number;
    readonly lastUsedAt: number | null;
    readonly blocked: boolean;
    /** Whether it is the one asked for first, where there are several. */
    readonly first: boolean;
  }[];
}

/** GET /profile/two-factor */
export function yourTwoFactor(services: PageServices): Handler<Person> {
  return async (person, request, response) => {
    const { words } = person.visit;
    const usable = allowedAuthenticators(person.policy, person.authenticators);
    await services.renderer.show(request, response, {
      view: 'two-factor/overview',
      title: words.t('two-factor.title'),
      back: { href: '/profile', text: words.t('profile.title') },
      help: 'methods',

      facts: {
        rule: person.policy.rule,
        reasons: reasonsInWords(person.policy, words, person.visit.settings.siteName),
        codesLeft: usable.length > 0 ? person.codesLeft : undefined,
        sections: METHOD_IDS.map((id) => sectionOf(id, person, services)).filter(
          ({ allowed, existing }) => allowed || existing.length > 0,
        ),
      },
    });
  };
}

function sectionOf(id: MethodId, person: Person, { methods }: PageServices): MethodSection {
  const { rule, methods: offered } = person.policy;
  const method = methods[id];
  const usable = allowedAuthenticators(person.policy, person.authenticators);
  const existing = person.authenticators.filter((authenticator) => authenticator.method === id);
  const allowed = rule !== 'off' && offered.includes(id);
  const rowOf = (authenticator: Authenticator) => ({
    id: authenticator.id,
    name: authenticator.name,
    description: method.describe(authenticator, person.account),
    createdAt: authenticator.createdAt,
    lastUsedAt: authenticator.lastUsedAt,
    blocked: authenticator.blockedAt !== null,
    first: usable.length > 1 && chooseAuthenticator(usable, undefined)?.id === authenticator.id,
  });
  return {
    id,
    allowed,
    asked: usable.some(({ method: usableMethod }) => usableMethod === id),
    canSetUp: allowed && (method.several || existing.length === 0),
    existing: existing.map(rowOf),
  };
}
