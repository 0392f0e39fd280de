import type { OidcApp } from '../../apps/app.ts';
import { type Disclosure, disclosedTo } from '../../apps/scopes.ts';
import type { SignedIn } from '../../web/auth-state.ts';
import type { Page } from '../../web/rendering.ts';
import type { AppOnTheWay } from './way-to-app.ts';

/** What a person is asked: an app on the way, and the scopes that it asks for. */
export interface Question extends AppOnTheWay {
  readonly app: OidcApp;
  readonly scopes: readonly string[];
}

/**
 * Asks a person what an app may learn about them, with the very values, before it learns them (ASVS 10.7.2).
 *
 * @param action takes the answer, with the fields `hidden`
 */
export function consentPage(
  who: SignedIn,
  { app, scopes, formOrigin }: Question,
  { action, hidden }: { readonly action: string; readonly hidden: Readonly<Record<string, string>> },
): Page {
  const { words } = who.context;
  const disclosed = disclosedTo(app, scopes);
  return {
    view: 'apps/consent',
    title: words.t('consent.title', { app: app.name }),
    width: 'narrow',
    formOrigin,
    model: {
      ...{ app: app.name, host: new URL(formOrigin).host, email: who.account.email },
      facts: disclosed
        .filter((disclosure) => disclosure !== 'renewal')
        .map((disclosure) => ({
          label: words.t(`app-access.${disclosure}`),
          value: valueIn(disclosure, app, who),
        })),
      renews: disclosed.includes('renewal'),
      ...{ action, hidden },
    },
  };
}

function valueIn(
  disclosure: Exclude<Disclosure, 'renewal'>,
  { client: { toldGroups } }: OidcApp,
  { account, context: { person, words } }: SignedIn,
): string {
  if (disclosure === 'groups') {
    const told = (person?.memberships ?? []).filter(({ group }) => toldGroups.includes(group.id));
    // Of the groups that the app names, only the person's own: the others' names are not theirs to know.
    const list = new Intl.ListFormat(words.locale, { type: 'conjunction' });
    return told.length > 0 ? list.format(told.map(({ group }) => group.name)) : words.t('consent.no-groups');
  }
  return account[disclosure];
}
