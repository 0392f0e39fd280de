import type { AppSignIn } from './app-sign-ins.ts';

/** Storage of whom to tell that a sign-in has ended. */
export interface LogoutStore {
  /** From now on, the app is to be told when the sign-in that this one rests on is over. */
  expect(signIn: Pick<AppSignIn, 'id' | 'appId' | 'accountId' | 'signInId' | 'createdAt'>): Promise<void>;
}
