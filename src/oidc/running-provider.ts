import type { Request, Response } from 'express';
import { decodeJwt } from 'jose';
import type Koa from 'koa';
import {
  type AccountClaims,
  type Configuration,
  errors,
  type FindAccount,
  type InteractionResults,
  type KoaContextWithOIDC,
} from 'oidc-provider';
import type { OidcApp } from '../apps/app.ts';
import type { AppSecrets } from '../apps/app-secrets.ts';
import type { ClientSignIns } from '../apps/client-sign-ins.ts';
import { identityClaims } from '../apps/identity-claims.ts';
import type { SigningKey } from '../apps/signing-keys.ts';
import type { TokenUses } from '../apps/token-uses.ts';
import { newToken } from '../kernel/identifiers.ts';
import { seconds } from '../kernel/time.ts';
import type { SignedIn } from '../web/auth-state.ts';
import { type AdapterServices, adapterFor, grantIdFor } from './adapter.ts';
import { askedBy, BEGAN } from './asked.ts';
import { oidcAppOf } from './client-lookup.ts';
import { isSecretOf } from './clients.ts';
import { PROFILE } from './configuration.ts';
import { exchangeOf } from './exchange.ts';
import { policyOf } from './interaction-policy.ts';
import { demandOf, isConsentDue, type Judgement, judge } from './judgement.ts';
import { type ObserverServices, observe } from './observers.ts';
import type { PendingAuthorization } from './pending-authorization.ts';
import { leave, PosternProvider } from './provider.ts';

export interface ProviderServices extends AdapterServices, ObserverServices {
  readonly baseUrl: string;
  readonly appSecrets: Pick<AppSecrets, 'of'>;
  readonly clientSignIns: Pick<ClientSignIns, 'record'>;
  readonly consents: { given(accountId: string, appId: string): Promise<readonly string[]> };
  readonly tokenUses: Pick<TokenUses, 'personOf'>;
}

/** The page that asks for what is missing. */
const INTERACTION_PAGE = '/apps/authorize';

/** Longest authorization request, in characters of its parameters. What a request under way says is stored. */
const LONGEST_REQUEST = 16_000;

/** The provider with one set of keys. */
export class RunningProvider {
  readonly #services: ProviderServices;
  readonly #provider: PosternProvider;
  readonly #handle: (request: Request, response: Response) => Promise<void>;
  readonly #judgements = new WeakMap<KoaContextWithOIDC, Judgement>();

  constructor(services: ProviderServices, keys: readonly SigningKey[]) {
    this.#services = services;
    this.#provider = new PosternProvider(services.baseUrl, this.#configuration(keys));
    this.#handle = this.#provider.callback();
    this.#provider.use(correctAnswer);
    this.#overrideClient();
    observe(this.#provider, services);
    this.#provider.on('error' as 'server_error', (error: unknown) =>
      services.logger.error({ err: error }, 'the OpenID Connect provider failed'),
    );
  }

  /** See `OpenId.answer`. */
  async answer(request: Request, response: Response): Promise<void> {
    await this.#handle(request, response);
  }

  /** See `OpenId.pending`. */
  async pending(uid: string, person: SignedIn | undefined): Promise<PendingAuthorization | undefined> {
    const interaction = await this.#provider.Interaction.find(uid);
    if (!interaction) return undefined;
    const asked = askedBy(interaction.params);
    const app = await oidcAppOf(this.#services.apps, asked.appId);
    if (!app) return undefined;
    const raised = demandOf({ app, asked, person }, this.#services.clock);
    const isDue =
      person && (await isConsentDue(this.#services, { app, asked, person, isConsentAnswered: false }));
    return {
      app,
      demand: raised === 'unmet' ? app : raised.demand,
      isUnmet: raised === 'unmet',
      redirectOrigin: new URL(asked.redirectUri).origin,
      scopes: asked.scopes,
      needsConsent: isDue ?? false,
    };
  }

  /** Keeps the outcome of a request under way; returns the path that goes on with it. */
  async conclude(uid: string, result: InteractionResults): Promise<string | undefined> {
    const interaction = await this.#provider.Interaction.find(uid);
    if (!interaction) return undefined;
    interaction.result = result;
    await interaction.save(interaction.exp - Math.floor(Date.now() / seconds(1)));
    return new URL(interaction.returnTo).pathname;
  }

  #configuration(keys: readonly SigningKey[]): Configuration {
    return {
      ...PROFILE,
      adapter: adapterFor(this.#services),
      extraParams: { [BEGAN]: (ctx) => this.#begin(ctx) },
      findAccount: this.#findAccount,
      interactions: {
        policy: policyOf((ctx) => this.#judgements.get(ctx)),
        url: (ctx, { uid }) =>
          `${INTERACTION_PAGE}?${new URLSearchParams({ uid, app: this.#appOf(ctx).id })}`,
      },
      jwks: { keys: keys.map(({ jwk }) => jwk) },
      loadExistingGrant: (ctx) => this.#grantOf(ctx),
      pkce: { required: (ctx) => this.#appOf(ctx).client.requiresPkce },
      renderError: (ctx, out, error) => {
        const isLost = error instanceof errors.SessionNotFound;
        if (!(error instanceof errors.OIDCProviderError)) leave(ctx, { kind: 'fault', cause: error });
        else if (isLost) leave(ctx, { kind: 'lost' });
        else leave(ctx, { kind: 'error', error: out.error, description: out.error_description });
      },
    };
  }

  /**
   * A new authorization request. Notes when it came, for `prompt=login`. Refresh tokens are a setting of the app, which is a
   * condition for them beside `prompt=consent` (OpenID Connect Core 1.0 §11); the provider knows the latter alone.
   */
  #begin(ctx: KoaContextWithOIDC): void {
    const { params } = ctx.oidc;
    const texts = Object.values(params ?? {}).filter((value) => typeof value === 'string');
    if (texts.join('').length > LONGEST_REQUEST) {
      const tooLong = new errors.InvalidRequest('the request is too long');
      // Its `state` would go back in a header.
      throw Object.assign(tooLong, { allow_redirect: false });
    }
    if (!params) return;
    params[BEGAN] = String(this.#services.clock());
    const sent = ctx.method === 'POST' ? ctx.oidc.body?.['scope'] : ctx.query['scope'];
    const asksToRenew = typeof sent === 'string' && sent.split(' ').includes('offline_access');
    const scopes = new Set(String(params['scope'] ?? '').split(' '));
    if (asksToRenew && this.#appOf(ctx).client.mayRefresh)
      params['scope'] = [...scopes.add('offline_access')].join(' ');
  }

  readonly #findAccount: FindAccount = async (ctx, sub, token) => {
    const exchange = exchangeOf(ctx.req);
    if (token === undefined) return accountOf(sub, {});
    const signInId = 'sessionUid' in token ? token.sessionUid : undefined;
    if (typeof signInId !== 'string') return undefined;
    const app = this.#appOf(ctx);
    const visitor = await this.#services.tokenUses.personOf(app, { accountId: sub, signInId });
    if (!visitor) return undefined;
    exchange.visitor = visitor;
    return accountOf(sub, { ...identityClaims(app, visitor) });
  };

  /** Judges the request; if it is admitted, makes the grant that its code belongs to. */
  async #grantOf(ctx: KoaContextWithOIDC) {
    const { person } = exchangeOf(ctx.req);
    const { params = {}, result, session } = ctx.oidc;
    const hint = params['id_token_hint'];
    const app = this.#appOf(ctx);
    const asked = askedBy(params);
    const judgement = await judge(this.#services, {
      ...{ app, asked, person },
      hintedSub: typeof hint === 'string' ? decodeJwt(hint).sub : undefined,
      isConsentAnswered: result?.consent !== undefined,
    });
    this.#judgements.set(ctx, judgement);
    if (judgement.kind !== 'admitted' || !person || !session) return undefined;
    const { account, signIn, actor } = person;
    const visit = { account, signInId: signIn.id, origin: actor.origin };
    session.sidFor(app.id, await this.#services.clientSignIns.record(app, visit));
    const { acr, amr, authTime } = judgement.proven;
    Object.assign(session, { acr, amr: [...amr], loginTs: Math.floor(authTime / seconds(1)) });
    const grant = new this.#provider.Grant({ accountId: account.id, clientId: app.id });
    grant.jti = grantIdFor(signIn.id, newToken());
    grant.addOIDCScope([...ctx.oidc.requestParamOIDCScopes].join(' '));
    grant.addOIDCClaims([...ctx.oidc.requestParamClaims]);
    await grant.save();
    return grant;
  }

  /** The app of the request. The provider has looked it up, and the exchange keeps it. */
  #appOf(ctx: KoaContextWithOIDC): OidcApp {
    const id = ctx.oidc.client?.clientId;
    const app = id === undefined ? undefined : exchangeOf(ctx.req).apps.get(id);
    if (!app) throw new Error('The request has no app yet.');
    return app;
  }

  /** Secrets are the app's own. The `sid` is in each ID token: by it, an app that signs out names the sign-in. */
  #overrideClient(): void {
    const { appSecrets } = this.#services;
    Object.assign(this.#provider.Client.prototype, {
      compareClientSecret(this: { readonly clientId: string }, actual: string) {
        return isSecretOf(appSecrets, this.clientId, actual);
      },
      includeSid: () => true,
    });
  }
}

/** The provider lists response modes that no client may use, and lets scripts of any site read what is public. */
async function correctAnswer(ctx: Koa.Context, next: Koa.Next): Promise<void> {
  await next();
  // Its own answer would be 500: clients try again after a 503.
  if (exchangeOf(ctx.req).left?.kind === 'fault') ctx.respond = false;
  const isDiscovery = ctx.path.endsWith('/openid-configuration') && typeof ctx.body === 'object';
  if (isDiscovery) Object.assign(ctx.body ?? {}, { response_modes_supported: ['query', 'form_post'] });
  for (const name of Object.keys(ctx.response.headers)) {
    if (name.toLowerCase().startsWith('access-control-')) ctx.remove(name);
  }
}

function accountOf(accountId: string, claims: Readonly<Record<string, unknown>>) {
  return {
    accountId,
    claims: (): AccountClaims => ({ sub: accountId, ...claims }),
  };
}
