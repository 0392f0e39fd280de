import type { MessageKey } from '../../kernel/i18n.ts';
import { askedAuthenticators } from '../../policy/policy.ts';
import { METHOD_IDS, type MethodId } from '../../settings/method-ids.ts';
import type { TwoFactorRule } from '../../settings/rule.ts';
import type { Authenticator } from '../../two-factor/authenticator.ts';
import { chooseAuthenticator } from '../../two-factor/second-step.ts';
import type { SignedIn } from '../../web/auth-state.ts';
import type { Handler } from '../../web/guards.ts';
import { reasonsInWords } from '../../web/policy-words.ts';
import type { PageServices } from '../page-services.ts';

/** A method on the page: the person's authenticators, and whether another can be set up. */
export interface MethodSection {
  readonly id: MethodId;
  readonly allowed: boolean;
  /** The text about the method. */
  readonly about: MessageKey;
  readonly canSetUp: boolean;
  readonly existing: readonly {
    readonly id: string;
    readonly name: string;
    readonly description: string;
    readonly createdAt: number;
    readonly lastUsedAt: number | null;
    readonly blocked: boolean;
    /** Whether it is asked for first; false if it is the only one. */
    readonly first: boolean;
  }[];
}

/** GET /profile/two-factor */
export function yourTwoFactor(services: Pick<PageServices, 'methods' | 'renderer'>): Handler<SignedIn> {
  return async ({ who: person, request, response }) => {
    const { words } = person.context;
    await services.renderer.show(request, response, {
      view: 'two-factor/overview',
      title: words.t('two-factor.title'),
      back: { href: '/profile', text: words.t('profile.title') },
      help: 'methods',
      model: {
        rule: person.policy.rule,
        keeps: person.authenticators.length > 0,
        reasons: reasonsInWords(person.policy, words, person.context.settings.siteName),
        codesLeft: person.authenticators.length > 0 ? person.codesLeft : undefined,
        sections: METHOD_IDS.map((id) => sectionOf(id, person, services)).filter(
          ({ allowed, existing }) => allowed || existing.length > 0,
        ),
      },
    });
  };
}

function sectionOf(
  id: MethodId,
  person: SignedIn,
  { methods }: Pick<PageServices, 'methods'>,
): MethodSection {
  const { rule, methods: offered } = person.policy;
  const method = methods[id];
  const asked = askedAuthenticators(person);
  const existing = person.authenticators.filter((authenticator) => authenticator.method === id);
  const allowed = rule !== 'off' && offered.includes(id);
  const rowOf = (authenticator: Authenticator) => ({
    id: authenticator.id,
    name: authenticator.name,
    description: method.describe(authenticator, person.account),
    createdAt: authenticator.createdAt,
    lastUsedAt: authenticator.lastUsedAt,
    blocked: authenticator.blockedAt !== null,
    first: asked.length > 1 && chooseAuthenticator(asked, undefined)?.id === authenticator.id,
  });
  return {
    id,
    allowed,
    about: allowed
      ? `method.${id}.about`
      : unofferedAbout(
          rule,
          asked.some(({ method: of }) => of === id),
        ),
    canSetUp: allowed && (method.allowsMultiple || existing.length === 0),
    existing: existing.map(rowOf),
  };
}

/** The text about a method that is no longer offered, for people who have set it up. */
function unofferedAbout(rule: TwoFactorRule, isAsked: boolean): MessageKey {
  if (!isAsked) return 'two-factor.not-allowed';
  return rule === 'mandatory' ? 'two-factor.also-asked' : 'two-factor.still-asked';
}
