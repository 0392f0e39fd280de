import type { AdapterPayload } from 'oidc-provider';
import { assuranceClaims } from '../apps/assurance-claims.ts';
import { seconds } from '../kernel/time.ts';
import { assuranceSchema } from '../sign-in/assurance.ts';
import type { SignedIn } from '../web/auth-state.ts';

/** How long the provider believes that its session lasts, in seconds: longer than a request takes. */
const LIFETIME = 60;

/** Postern's sign-in as the session that the provider would have stored. Its id and uid are the sign-in's. */
export function providerSession({ account, signIn }: SignedIn): AdapterPayload {
  const now = Math.floor(Date.now() / seconds(1));
  const proven = assuranceClaims(assuranceSchema.parse(signIn.assurance));
  return {
    kind: 'Session',
    jti: signIn.id,
    uid: signIn.id,
    iat: now,
    exp: now + LIFETIME,
    accountId: account.id,
    ...(proven && {
      acr: proven.acr,
      amr: [...proven.amr],
      loginTs: Math.floor(proven.authTime / seconds(1)),
    }),
  };
}
