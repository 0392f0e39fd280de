import { type Account, accountState } from '../../../accounts/account.ts';
import type { Lockout } from '../../../administration/administration.ts';
import type { Translator } from '../../../kernel/i18n.ts';
import type { EffectivePolicy } from '../../../policy/effective-policy.ts';
import type { Group } from '../../../policy/group.ts';
import { siteRule } from '../../../settings/settings.ts';
import type { Authenticator } from '../../../two-factor/authenticator.ts';
import type { SignedIn } from '../../../web/auth-state.ts';
import type { Handler } from '../../../web/guards.ts';
import type { AddPage } from '../../../web/routes.ts';
import type { PageServices } from '../../page-services.ts';
import { knownPerson } from './known-person.ts';
import { mailLine } from './mails.ts';
import { twoFactorInWords } from './people.ts';
import { offeredActions } from './person-action-list.ts';
import { FACTS, type Fact } from './person-facts.ts';
import { listOf, nextSignInWords, ruleInWords } from './person-policy.ts';
import { openRequestOf } from './request-reset.ts';

type PersonServices = Pick<
  PageServices,
  'administration' | 'clock' | 'guards' | 'mails' | 'policies' | 'renderer' | 'resetRequests' | 'snapshots'
>;

/** Number of mails that are listed, newest first. */
const MOST_MAILS = 20;

/** /admin/people/:id: the facts of an account, with the actions that change them. */
export function personPage(addPage: AddPage, services: PersonServices): void {
  addPage('/admin/people/:id', { get: services.guards.administrator(showPerson(services)) });
}

function showPerson(services: PersonServices): Handler<SignedIn> {
  return async ({ who: person, request, response }) => {
    const { words } = person.context;
    const { account, authenticators, ...rest } = await knownPerson(services, request.params['id']);
    const lockout = await services.administration.lockout({ account, authenticators });
    const mails = await services.mails.newestOf(account.id, MOST_MAILS);
    const open = await openRequestOf(services, person, account);
    const groups = rest.memberships.map(({ group }) => group);
    const policy = services.policies.by({ account, ...rest }, siteRule(person.context.settings));
    const known = { account, authenticators, lockout, groups, policy };
    await services.renderer.show(request, response, {
      view: 'admin/person',
      title: account.name,
      caption: words.t('menu.administration'),
      width: 'wide',
      back: { href: '/admin/people', text: words.t('people.title') },
      model: {
        own: account.id === person.account.id,
        facts: factsOf(known, person.account, words),
        lines: authenticators.map((authenticator) => lineOf(authenticator, words)),
        mails: mails.map((mail) => mailLine(mail, person.context, services.clock())),
        requestHref: open && `/admin/requests/${open.id}`,
        auditHref: `/admin/audit?${new URLSearchParams({ person: account.email })}`,
      },
    });
  };
}

interface Known {
  readonly account: Account;
  readonly authenticators: readonly Authenticator[];
  readonly lockout: Lockout | undefined;
  readonly groups: readonly Group[];
  readonly policy: EffectivePolicy;
}

/** The facts, with links to their actions. */
function factsOf(known: Known, administrator: Account, words: Translator) {
  const { account, authenticators, lockout, groups, policy } = known;
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
    'wrong-codes': lockoutInWords(lockout, words),
    password: words.t(account.passwordHash === null ? 'person.password-missing' : 'person.password-set'),
    'last-sign-in':
      account.lastSignInAt === null ? words.t('people.never') : words.when(account.lastSignInAt),
  };
  const offered = offeredActions(account, administrator, lockout).map(({ id, fact }) => ({
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

function lockoutInWords(lockout: Lockout | undefined, words: Translator): string {
  if (!lockout) return words.t('person.not-held-up');
  if (lockout.kind === 'blocked') return words.t('two-factor.blocked');
  return words.t('person.has-to-wait', { time: words.when(lockout.until) });
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
