import { errors, type KoaContextWithOIDC, type default as Provider } from 'oidc-provider';
import type { Logger } from 'pino';
import type { ClientErrors } from '../apps/client-errors.ts';
import type { AuthorizationOutcome, TokenOutcome } from '../apps/oidc-outcomes.ts';
import { exchangeOf } from './exchange.ts';

export interface ObserverServices {
  readonly logger: Logger;
  readonly clientErrors: Pick<ClientErrors, 'record'>;
  /** Called with the outcome of each authorization request, and of each token request. */
  readonly authorized: (outcome: AuthorizationOutcome) => void;
  readonly tokensAsked: (outcome: TokenOutcome) => void;
}

/** The provider's events go into the log, the metrics, and the errors that administrators see. */
export function observe(provider: Provider, services: ObserverServices): void {
  const { logger, authorized, tokensAsked } = services;
  provider.on('authorization.success', () => authorized('issued'));
  provider.on('interaction.started', () => authorized('asked'));
  provider.on('authorization.error', (ctx, error) => {
    authorized('refused');
    noteError(services, 'authorize', ctx, error);
  });
  provider.on('grant.success', (ctx) => {
    tokensAsked(ctx.oidc.params?.['grant_type'] === 'refresh_token' ? 'renewed' : 'issued');
  });
  provider.on('grant.error', (ctx, error) => {
    tokensAsked(tokenOutcome(error));
    noteError(services, 'token', ctx, error);
  });
  provider.on('userinfo.error', (ctx, error) => noteError(services, 'userinfo', ctx, error));
  provider.on('revocation.error', (ctx, error) => noteError(services, 'revoke', ctx, error));
  provider.on('grant.revoked', (ctx) => {
    const app = ctx.oidc.client?.clientId;
    logger.info({ app, endpoint: ctx.oidc.route }, 'what an app got for a sign-in was revoked');
  });
  provider.on('server_error', (ctx, cause) => {
    exchangeOf(ctx.req).left ??= { kind: 'fault', cause };
    if (ctx.oidc.route === 'token') tokensAsked('failed');
    else if (ctx.oidc.route === 'authorization' || ctx.oidc.route === 'resume') authorized('failed');
  });
}

function tokenOutcome(error: unknown): TokenOutcome {
  if (error instanceof errors.InvalidClientAuth || error instanceof errors.InvalidClient)
    return 'unknown client';
  return error instanceof errors.InvalidGrant ? 'grant refused' : 'refused';
}

/** With the reason, which the client is not told: "client authentication failed" helps nobody who connects an app. */
function noteError(
  { logger, clientErrors }: ObserverServices,
  endpoint: string,
  ctx: KoaContextWithOIDC,
  error: unknown,
): void {
  if (!(error instanceof errors.OIDCProviderError)) return;
  const detail = [error.error_description, error.error_detail].filter((text) => text !== undefined);
  const said = { error: error.message, detail: [...new Set(detail)].join(': ') };
  const client = ctx.oidc.client?.clientId;
  const named = ctx.oidc.params?.['client_id'];
  const app = exchangeOf(ctx.req).apps.get(client ?? '');
  logger.warn(
    { endpoint, client: client ?? (typeof named === 'string' ? named.slice(0, 100) : undefined), ...said },
    'refused a request to the OpenID Connect provider',
  );
  // Errors that are answers to what a person did, or did not do, are no fault of the app's settings.
  if (app && !ANSWERS.has(error.message)) clientErrors.record(app.id, { endpoint, ...said });
}

const ANSWERS: ReadonlySet<string> = new Set([
  'access_denied',
  'login_required',
  'consent_required',
  'unmet_authentication_requirements',
]);
