import type { Visitor } from '../../src/apps/access.ts';
import type { AppDemand, HostApp } from '../../src/apps/app.ts';
import type { Instant } from '../../src/kernel/time.ts';
import type { Assurance, Factor } from '../../src/sign-in/assurance.ts';
import { ANN, authenticator, NOW, OPTIONAL } from '../sign-in/sign-in-under-test.ts';

export { ANN, NOW };

export const [WITH_APP, WITH_EMAIL] = [authenticator('app', 0), authenticator('email', 1)];

/** Lets everybody in. */
export const OPEN: AppDemand = {
  audience: 'everybody',
  proof: 'none',
  freshMinutes: null,
  confirmsEmail: false,
};

export const WIKI: HostApp = {
  ...OPEN,
  ...{ id: 'wiki', name: 'Wiki', kind: 'host', remoteUser: 'email', createdAt: 0 },
  ...{ origin: 'https://wiki.example.org', host: 'wiki.example.org' },
};

/** Ann, who has just signed in with only her password. */
export function visitor(changes: Partial<Visitor> = {}): Visitor {
  return {
    ...{ account: ANN, groups: [], authenticators: [], policy: OPTIONAL, assurance: proven('password') },
    now: NOW,
    ...changes,
  };
}

/** These factors, proven now. */
export function proven(...factors: readonly Factor[]): Assurance {
  return provenAt(NOW, ...factors);
}

export function provenAt(at: Instant, ...factors: readonly Factor[]): Assurance {
  return factors.map((factor) => ({ factor, at }));
}
