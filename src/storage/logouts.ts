import type { AppSignIn } from '../apps/app-sign-ins.ts';
import type { LogoutStore } from '../apps/logouts.ts';
import { SqlStore } from './sql/store.ts';

const TABLE = 'app_logouts';

export class KnexLogoutStore extends SqlStore implements LogoutStore {
  async expect({
    id,
    appId: app_id,
    accountId: account_id,
    signInId: sign_in_id,
    createdAt: created_at,
  }: Pick<AppSignIn, 'id' | 'appId' | 'accountId' | 'signInId' | 'createdAt'>): Promise<void> {
    const bound = { id, app_id, account_id, sign_in_id };
    await this.db(TABLE).insert({ ...bound, created_at, state: 'open', tries: 0, due_at: created_at });
  }
}
