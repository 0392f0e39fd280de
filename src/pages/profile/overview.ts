import type { Request, Response } from 'express';
import { allowedAuthenticators } from '../../two-factor/policy.ts';
import type { Handler } from '../../web/guards.ts';
import { forgetLeftovers, leaveNotice } from '../../web/session.ts';
import type { Person } from '../../web/standing.ts';
import type { MessageKey, Translator } from '../../words.ts';
import type { PageServices } from '../page-services.ts';

export const PROFILE = '/profile';

/** GET /profile */
export function myProfile({ renderer, words: languages }: PageServices): Handler<Person> {
  return async (person, request, response) => {
    const { account, visit } = person;
    const { t } = visit.words;
    const chosen = languages.locales.find(({ code }) => code === account.locale);
    const change = (page: string) => ({ href: `${PROFILE}/${page}`, text: t('profile.change') });
    await renderer.show(request, response, {
      view: 'profile/overview',
      title: t('profile.title'),
      facts: {
        settings: [
          { label: t('field.own-name'), value: account.name, action: change('name') },
          { label: t('field.email'), value: account.email, action: change('email') },
          { label: t('field.password'), value: t('profile.password-hidden'), action: change('password') },
          {
            label: t('profile.two-factor'),
            value: twoFactorSentence(person),
            action: { href: `${PROFILE}/two-factor`, text: t('two-factor.title') },
          },
          {
            label: t('field.language'),
            value: chosen?.name ?? t('profile.browser-language'),
            action: change('language'),
          },
        ],
      },
    });
  };
}

function twoFactorSentence({ policy, authenticators, visit }: Person): string {
  const { t } = visit.words;
  if (policy.rule === 'off') return t('profile.two-factor-off');
  const count = allowedAuthenticators(policy, authenticators).length;
  return count === 0 ? t('profile.two-factor-none') : t('profile.two-factor-on', { count });
}

/** The way back from each page below. */
export function backToProfile({ t }: Translator) {
  return { href: PROFILE, text: t('profile.title') };
}

/** Changed: back to the overview, which says so. */
export function leadToProfile(
  { clock }: PageServices,
  key: MessageKey,
  request: Request,
  response: Response,
): void {
  forgetLeftovers(request);
  leaveNotice(request, { path: PROFILE, key, kind: 'success', values: {}, at: clock() });
  response.redirect(303, PROFILE);
}
