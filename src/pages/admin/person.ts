import { type Account, accountState } from '../../accounts/account.ts';
import type { HeldUp } from '../../accounts/administration.ts';
import type { Group } from '../../accounts/group.ts';
import { siteRule } from '../../settings/settings.ts';
import type { Authenticator } from '../../two-factor/authenticator.ts';
import type { PersonalPolicy } from '../../two-factor/personal-policy.ts';
import type { Handler } from '../../web/guards.ts';
import type { Person } from '../../web/standing.ts';
import type { Translator } from '../../words.ts';
import type { PageServices } from '../page-services.ts';
import { knownPerson } from './known-person.ts';
import { mailLine } from './mails.ts';
import { twoFactorInWords } from './people.ts';
import { offeredActions } from './person-action-list.ts';
import { listOf, nextSignInWords, ruleInWords } from './person-policy.ts';
import { openRequestOf } from './request-reset.ts';

/** So many of the newest mails to somebody are listed. */
const MOST_MAILS = 20;

/** GET /admin/people/:id: what is known of somebody's account, and what can be done to it. */
export function showPerson(services: PageServices): Handler<Person> {
  return async (person, request, response) => {
    const { words } = person.visit;
    const { account, authenticators, ...rest } = await knownPerson(services, request.params['id']);
    const heldUp = await services.administration.heldUp({ account, authenticators });
    const mails = await services.mails.newestOf(account.id, MOST_MAILS);
    const open = await openRequestOf(services, person, account);
    const groups = rest.memberships.map(({ group }) => group);
    const policy = services.policies.by({ account, ...rest }, siteRule(person.visit.settings));
    const known = { account, authenticators, heldUp, groups, policy };
    await services.renderer.show(request, response, {
      view: 'admin/person',
      title: account.name,
      caption: words.t('menu.administration'),
      width: 'wide',
      back: { href: '/admin/people', text: words.t('people.title') },
      facts: {
        own: account.id === person.account.id,
        facts: factsOf(known, person.account, words),
        lines: authenticators.map((authenticator) => lineOf(authenticator, words)),
        mails: mails.map((mail) => mailLine(mail, person.visit, services.clock())),
        requestHref: open && `/admin/requests/${open.id}`,
        auditHref: `/admin/audit?${new URLSearchParams({ person: account.email })}`,
      },
    });
  };
}

export const FACTS = [
  'email',
  'role',
  'state',
  'groups',
  'rule',
  'next-sign-in',
  'two-factor',
  'wrong-codes',
  'password',
  'last-sign-in',
] as const;
export type Fact = (typeof FACTS)[number];

interface Known {
  readonly account: Account;
  readonly authenticators: readonly Authenticator[];
  readonly heldUp: HeldUp | undefined;
  readonly groups: readonly Group[];
  readonly policy: PersonalPolicy;
}

/** Each fact with what can be done about it. */
function factsOf(known: Known, administrator: Account, words: Translator) {
  const { account, authenticators, heldUp, groups, policy } = known;
  const state = accountState(account);
  const page = `/admin/people/${account.id}`;
  const values: Record<Fact, string> = {
    email: account.email,
    role: words.t(`role.${account.role}`),
    state: words.t(`account-state.${state}`),
    groups:
      listOf(
        groups.map(({ name }) => name),
        words,
      ) || words.t('person.no-groups'),
    rule: ruleInWords(policy, words),
    'next-sign-in': nextSignInWords(policy, authenticators, words),
    'two-factor': twoFactorInWords(authenticators, words),
    'wrong-codes': heldUpInWords(heldUp, words),
    password: words.t(account.passwordHash === null ? 'person.password-missing' : 'person.password-set'),
    'last-sign-in':
      account.lastSignInAt === null ? words.t('people.never') : words.when(account.lastSignInAt),
  };
  const offered = offeredActions(account, administrator, heldUp).map(({ id, fact }) => ({
    fact,
    href: `${page}/${id}`,
    text: words.t(`person-action.${id}.link`),
  }));
  const actions = [...offered, { fact: 'groups', href: `${page}/groups`, text: words.t('profile.change') }];
  return FACTS.map((fact) => {
    const action = actions.find((one) => one.fact === fact);
    return {
      label: words.t(`person.fact.${fact}`),
      value: values[fact],
      ...(fact === 'state' && state !== 'active' && { badge: 'plain' }),
      ...(fact === 'rule' && { long: true }),
      ...(action && { action }),
    };
  });
}

function heldUpInWords(heldUp: HeldUp | undefined, words: Translator): string {
  if (!heldUp) return words.t('person.not-held-up');
  if (heldUp.kind === 'blocked') return words.t('two-factor.blocked');
  return words.t('person.has-to-wait', { time: words.when(heldUp.until) });
}

function lineOf({ name, method, createdAt, lastUsedAt, blockedAt }: Authenticator, words: Translator) {
  return [
    name,
    words.t(`method.${method}.title`),
    words.when(createdAt),
    lastUsedAt === null ? words.t('two-factor.never-used') : words.when(lastUsedAt),
    blockedAt === null
      ? words.t('person.usable')
      : { text: words.t('two-factor.blocked'), badge: 'warning', hint: words.when(blockedAt) },
  ];
}
