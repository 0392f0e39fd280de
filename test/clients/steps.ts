import { setTimeout as delay } from 'node:timers/promises';
import type { Translator } from '../../src/kernel/i18n.ts';
import { PASSWORD } from '../support/portal.ts';
import type { Member } from './chain.ts';

/** Languages that the whole chain is gone in. */
export type Language = 'en' | 'de' | 'fr';

/** Somebody at the page that asks for the password. */
interface AtSignIn {
  fillsIn(label: string, text: string): unknown;
  presses(button: string): Promise<unknown>;
}

/** From the sign-in page that is open: fills in password and the app's code. */
export async function signsInByPages(person: AtSignIn, member: Member, { t }: Translator): Promise<void> {
  await person.fillsIn(t('field.email'), member.email);
  await person.fillsIn(t('field.password'), PASSWORD);
  await person.presses(t('sign-in.submit'));
  await earlyEnough();
  await person.fillsIn(t('page.verification-code'), member.phone.code(Date.now()));
  await person.presses(t('code.submit'));
}

const STEP = 30_000;

/** The code of the step is typed with five seconds left at least; one of the step before is accepted for some time more. */
async function earlyEnough(): Promise<void> {
  const left = STEP - (Date.now() % STEP);
  if (left < 5000) await delay(left);
}
