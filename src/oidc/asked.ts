import { z } from 'zod';
import type { OidcApp } from '../apps/app.ts';
import { scopesOf } from '../apps/identity-claims.ts';
import type { AskedProof } from '../apps/raised-demand.ts';
import { SCOPES, type Scope } from '../apps/scopes.ts';
import type { Instant } from '../kernel/time.ts';
import { seconds } from '../kernel/time.ts';

/** A parameter of ours that keeps when the request came. What a client sends under this name is replaced. */
export const BEGAN = 'postern_began';

const claimNames = z
  .record(z.string(), z.unknown())
  .catch({})
  .transform((claims) => Object.keys(claims));

const acrClaim = z.looseObject({
  essential: z.boolean().catch(false),
  value: z.string().optional().catch(undefined),
  values: z.array(z.string()).optional().catch(undefined),
});

/** The parameter `claims` (OpenID Connect Core 1.0 §5.5), as far as it matters here. */
const claimsParameter = z.object({
  id_token: z
    .looseObject({
      acr: acrClaim.optional().catch(undefined),
      sub: z.object({ value: z.string() }).optional().catch(undefined),
    })
    .optional()
    .catch(undefined),
  userinfo: z.looseObject({}).optional().catch(undefined),
});

const json = z
  .string()
  .transform((text): unknown => {
    try {
      return JSON.parse(text);
    } catch {
      return {};
    }
  })
  .pipe(claimsParameter.catch({}));

/** The parameters of an authorization request, which the provider has checked. */
const parameters = z.looseObject({
  client_id: z.string(),
  redirect_uri: z.string(),
  scope: z.string().optional(),
  acr_values: z.string().optional(),
  claims: json.optional(),
  max_age: z.union([z.string(), z.number()]).optional(),
  prompt: z.string().optional(),
  [BEGAN]: z.string(),
});

/** What an authorization request asks for. */
export interface AskedAuthorization {
  readonly appId: string;
  readonly redirectUri: string;
  readonly proof: AskedProof;
  /** The scopes that it asks for, with those that would give the claims that it asks for one by one. */
  readonly scopes: readonly Scope[];
  /** `prompt=consent` */
  readonly asksConsent: boolean;
  /** The only account that it is about, if it names one in `claims`. */
  readonly sub: string | undefined;
}

/** @param params of the request, as the provider keeps them */
export function askedBy(params: unknown): AskedAuthorization {
  const request = parameters.parse(params);
  const { claims } = request;
  const acr = claims?.id_token?.acr;
  const essential = acr?.essential ? (acr.values ?? (acr.value === undefined ? [] : [acr.value])) : [];
  const prompts = words(request.prompt);
  const named = [claims?.id_token, claims?.userinfo].flatMap((part) => claimNames.parse(part ?? {}));
  const scopes = [...words(request.scope), ...scopesOf(named)];
  return {
    appId: request.client_id,
    redirectUri: request.redirect_uri,
    proof: {
      acr: essential.length > 0 ? essential : words(request.acr_values),
      isEssential: essential.length > 0,
      maxAge: request.max_age === undefined ? undefined : seconds(Number(request.max_age)),
      isAnew: prompts.includes('login'),
      began: Number(request[BEGAN]) satisfies Instant,
    },
    scopes: SCOPES.filter((scope) => scopes.includes(scope)),
    asksConsent: prompts.includes('consent'),
    sub: claims?.id_token?.sub?.value,
  };
}

/** The scopes for which an app needs a person's consent; the operator's own apps need none. */
export function scopesToConsent(
  { client: { asksConsent } }: Pick<OidcApp, 'client'>,
  { scopes }: Pick<AskedAuthorization, 'scopes'>,
): readonly Scope[] {
  return asksConsent ? scopes : [];
}

function words(text: string | undefined): readonly string[] {
  return text?.split(' ').filter((word) => word !== '') ?? [];
}
