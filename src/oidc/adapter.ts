import { type Adapter, type AdapterPayload, errors, Provider } from 'oidc-provider';
import { z } from 'zod';
import type { App } from '../apps/app.ts';
import { contextOfModel, type OidcInteractionStore, type OidcModelStore } from '../apps/oidc-models.ts';
import { hashToken } from '../kernel/identifiers.ts';
import type { Keyring } from '../kernel/keyring.ts';
import { type Clock, days, seconds } from '../kernel/time.ts';
import { oidcAppOf } from './client-lookup.ts';
import { clientMetadata } from './clients.ts';
import { type Exchange, exchangeOf } from './exchange.ts';
import { providerSession } from './provider-session.ts';

export interface AdapterServices {
  readonly apps: { find(id: string): Promise<App | undefined> };
  readonly oidcModels: OidcModelStore;
  readonly oidcInteractions: OidcInteractionStore;
  readonly keyring: Pick<Keyring, 'seal' | 'open'>;
  readonly clock: Clock;
}

/** Where the provider keeps each of its models. */
export function adapterFor(services: AdapterServices): (name: string) => Adapter {
  return (name) => {
    switch (name) {
      case 'Client':
        return new ClientAdapter(services);
      case 'Session':
        return new SessionAdapter();
      default:
        return new ModelAdapter(name, services);
    }
  };
}

/** What no model of ours needs. */
abstract class EmptyAdapter implements Adapter {
  abstract find(id: string): Promise<AdapterPayload | undefined>;
  async upsert(_id: string, _payload: AdapterPayload, _lifetime?: number): Promise<void> {}
  async findByUserCode(): Promise<undefined> {}
  async findByUid(_uid: string): Promise<AdapterPayload | undefined> {
    return undefined;
  }
  async consume(_id: string): Promise<void> {}
  async destroy(_id: string): Promise<void> {}
  async revokeByGrantId(_grantId: string): Promise<void> {}
}

/** Clients are apps. They are read with each request, so that a change of an app counts at once. */
class ClientAdapter extends EmptyAdapter {
  readonly #services: AdapterServices;

  constructor(services: AdapterServices) {
    super();
    this.#services = services;
  }

  async find(id: string): Promise<AdapterPayload | undefined> {
    const known = present()?.apps;
    const app = known?.has(id) ? known.get(id) : await oidcAppOf(this.#services.apps, id);
    known?.set(id, app);
    return app && clientMetadata(app);
  }
}

/** The provider's session is Postern's sign-in in this browser: nothing is stored, so it cannot outlive it. */
class SessionAdapter extends EmptyAdapter {
  async find(id: string): Promise<AdapterPayload | undefined> {
    const person = present()?.person;
    return person?.signIn.id === id ? providerSession(person) : undefined;
  }

  override async findByUid(uid: string): Promise<AdapterPayload | undefined> {
    return this.find(uid);
  }
}

const content = z.record(z.string(), z.unknown());

/** Codes, tokens, grants and requests under way: rows whose ids are hashed and whose content is sealed. */
class ModelAdapter extends EmptyAdapter {
  readonly #type: string;
  readonly #services: AdapterServices;
  readonly #store: OidcInteractionStore;

  constructor(type: string, services: AdapterServices) {
    super();
    this.#type = type;
    this.#services = services;
    this.#store = type === 'Interaction' ? services.oidcInteractions : services.oidcModels;
  }

  override async upsert(id: string, payload: AdapterPayload, lifetime?: number): Promise<void> {
    const { keyring, clock } = this.#services;
    const row = { type: this.#type, idHash: hashToken(id) };
    await this.#store.save({
      ...row,
      ...namedIn(this.#type, id, payload),
      sealed: keyring.seal(JSON.stringify(keptOf(this.#type, payload)), contextOfModel(row)),
      expiresAt: clock() + (lifetime === undefined ? days(1) : seconds(lifetime)),
      consumedAt: null,
    });
  }

  async find(id: string): Promise<AdapterPayload | undefined> {
    const { keyring, clock } = this.#services;
    const row = await this.#store.find(this.#type, hashToken(id), clock());
    if (!row) return undefined;
    const payload = content.parse(JSON.parse(keyring.open(row.sealed, contextOfModel(row))));
    return row.consumedAt === null ? payload : { ...payload, consumed: row.consumedAt / seconds(1) };
  }

  /** Of many requests at once one goes on. For the others it was used twice, and then the whole grant is worth nothing any more. */
  override async consume(id: string): Promise<void> {
    const { oidcModels, clock } = this.#services;
    const idHash = hashToken(id);
    if (await oidcModels.consume(this.#type, idHash, clock())) return;
    const row = await oidcModels.find(this.#type, idHash, clock());
    if (row?.grantHash) await oidcModels.revokeGrant(row.grantHash);
    throw new errors.InvalidGrant('it was used already');
  }

  override async destroy(id: string): Promise<void> {
    const idHash = hashToken(id);
    // A grant that is taken back takes everything with it.
    if (this.#type === 'Grant') await this.#services.oidcModels.revokeGrant(idHash);
    else await this.#store.remove(this.#type, idHash);
  }

  override async revokeByGrantId(grantId: string): Promise<void> {
    await this.#services.oidcModels.revokeGrant(hashToken(grantId), this.#type);
  }
}

/** The exchange under way; undefined where the provider is called by our own pages. */
function present(): Exchange | undefined {
  const request = Provider.ctx?.req;
  return request && exchangeOf(request);
}

/** What a row says of its own content, so that it can be revoked and forgotten unopened. */
function namedIn(type: string, id: string, { accountId, clientId, grantId, sessionUid }: AdapterPayload) {
  return {
    grantHash: type === 'Grant' ? hashToken(id) : grantId === undefined ? null : hashToken(grantId),
    appId: clientId ?? null,
    accountId: accountId ?? null,
    signInId: (type === 'Grant' ? signInOfGrant(id) : sessionUid) ?? null,
  };
}

/** A request under way says nothing of who began it: who is signed in when the person comes back decides. */
function keptOf(type: string, payload: AdapterPayload): AdapterPayload {
  if (type !== 'Interaction') return payload;
  const { session: _session, accountId: _accountId, grantId: _grantId, ...kept } = payload;
  return kept;
}

/** The id of a grant begins with the sign-in that it rests on. */
export function grantIdFor(signInId: string, random: string): string {
  return `${signInId}.${random}`;
}

function signInOfGrant(grantId: string): string | undefined {
  return grantId.split('.')[0];
}
