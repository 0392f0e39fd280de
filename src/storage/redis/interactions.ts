import { z } from 'zod';
import type { OidcInteractionStore, OidcModel } from '../../apps/oidc-models.ts';
import { sealedText } from '../../kernel/keyring.ts';
import type { Clock, Instant } from '../../kernel/time.ts';
import { json } from '../sql/rows.ts';
import type { RedisConnection } from './connection.ts';

const PREFIX = 'postern:oidc:';

const stored = json.pipe(
  z.object({
    type: z.string(),
    idHash: z.string(),
    sealed: sealedText,
    grantHash: z.string().nullable(),
    appId: z.string().nullable(),
    accountId: z.string().nullable(),
    signInId: z.string().nullable(),
    expiresAt: z.number(),
    consumedAt: z.number().nullable(),
  }),
);

/** Requests of OpenID Connect apps under way. Redis deletes them when they expire. */
export function interactionsOn(
  connection: RedisConnection,
  { trace, clock }: { readonly trace: (command: string) => void; readonly clock: Clock },
): OidcInteractionStore {
  const nameOf = (type: string, idHash: string) => `${PREFIX}${type}:${idHash}`;
  return {
    async save(model: OidcModel) {
      const lifetime = model.expiresAt - clock();
      if (lifetime <= 0) return;
      const expiration = { type: 'PX', value: Math.ceil(lifetime) } as const;
      trace('SET');
      await connection.ask((redis) =>
        redis.set(nameOf(model.type, model.idHash), JSON.stringify(model), { expiration }),
      );
    },
    async find(type: string, idHash: string, now: Instant) {
      trace('GET');
      const text = await connection.ask((redis) => redis.get(nameOf(type, idHash)));
      const model = text === null ? undefined : stored.parse(text);
      return model && model.expiresAt > now ? model : undefined;
    },
    async remove(type: string, idHash: string) {
      trace('DEL');
      await connection.ask((redis) => redis.del([nameOf(type, idHash)]));
    },
  };
}
