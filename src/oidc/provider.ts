import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Request, Response } from 'express';
import type Koa from 'koa';
import Provider, { type Configuration, type KoaContextWithOIDC } from 'oidc-provider';
import { ProviderCookies } from './cookies.ts';
import { exchangeOf } from './exchange.ts';

type ResponseMode = Parameters<Provider['registerResponseMode']>[1];

/** The answer to the app in a form, which the person's browser sends: a page of Postern's, not the provider's with its script. */
const formPost: ResponseMode = (ctx, action, payload) => {
  const fields = Object.entries(payload).map(([name, value]) => [name, String(value)] as const);
  leave(ctx, { kind: 'form post', action, fields: Object.fromEntries(fields) });
};

/** What the provider has left is answered by the routes, after it. */
export function leave(
  ctx: KoaContextWithOIDC,
  left: NonNullable<ReturnType<typeof exchangeOf>['left']>,
): void {
  exchangeOf(ctx.req).left = left;
  ctx.respond = false;
}

/**
 * The provider behind Postern's address and sessions.
 *
 * Its URLs begin with the portal's own address, whatever a request says of its host and protocol: a forged Host or X-Forwarded-Host
 * changes nothing. Its cookies are `ProviderCookies`.
 */
export class PosternProvider extends Provider {
  readonly #baseUrl: URL;

  constructor(baseUrl: string, configuration: Configuration) {
    super(`${baseUrl}/oidc`, configuration);
    this.#baseUrl = new URL(baseUrl);
  }

  /** Called for each request, by Koa and by the provider itself. */
  override createContext(request: IncomingMessage, response: ServerResponse) {
    const context = super.createContext(request, response);
    const { protocol, host } = this.#baseUrl;
    Object.defineProperties(context.request, {
      protocol: { value: protocol.slice(0, -1) },
      host: { value: host },
    });
    const { person } = exchangeOf(request);
    const cookies = new ProviderCookies(
      request as Request,
      response as Response,
      person?.signIn.id,
      protocol === 'https:',
    );
    Object.defineProperty(context, 'cookies', {
      value: cookies satisfies Pick<Koa.Context['cookies'], 'secure'>,
    });
    return context;
  }

  /**
   * Called by the provider's constructor for the modes that it knows. No client may ask for a fragment, which only the browser would
   * see; an error of such a request is sent by the query.
   */
  override registerResponseMode(name: string, handler: ResponseMode): void {
    if (name === 'query') {
      super.registerResponseMode('query', handler);
      super.registerResponseMode('fragment', handler);
    } else if (name === 'form_post') {
      super.registerResponseMode('form_post', formPost);
    }
  }
}
