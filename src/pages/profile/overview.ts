import type { MessageKey, Translator } from '../../kernel/i18n.ts';
import type { SignedIn } from '../../web/auth-state.ts';
import type { Redirect } from '../../web/form-page.ts';
import type { Handler } from '../../web/guards.ts';
import type { PageServices } from '../page-services.ts';

export const PROFILE = '/profile';

/** GET /profile */
export function myProfile({
  renderer,
  words: languages,
}: Pick<PageServices, 'renderer' | 'words'>): Handler<SignedIn> {
  return async ({ who: person, request, response }) => {
    const { account, context } = person;
    const { t } = context.words;
    const chosen = languages.locales.find(({ code }) => code === account.locale);
    const change = (page: string) => ({ href: `${PROFILE}/${page}`, text: t('profile.change') });
    await renderer.show(request, response, {
      view: 'profile/overview',
      title: t('profile.title'),
      model: {
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

function twoFactorSentence({ policy, authenticators, context }: SignedIn): string {
  const { t } = context.words;
  const count = authenticators.length;
  if (count > 0) return t('profile.two-factor-on', { count });
  return t(policy.rule === 'off' ? 'profile.two-factor-off' : 'profile.two-factor-none');
}

/** The link back to the profile. */
export function backToProfile({ t }: Translator) {
  return { href: PROFILE, text: t('profile.title') };
}

/** Redirects to the overview, which shows that the profile was changed. */
export function profileChanged(key: MessageKey): Redirect {
  return { goTo: PROFILE, flash: { key, kind: 'success' } };
}
