import type { Request, Response } from 'express';
import type { OidcApp } from '../apps/app.ts';
import type { SigningKeys } from '../apps/signing-keys.ts';
import { type Clock, type Instant, seconds } from '../kernel/time.ts';
import type { SignedIn } from '../web/auth-state.ts';
import { beginExchange, type LeftToPages } from './exchange.ts';
import type { LogoutParameters, LogoutRequest } from './logout-parameters.ts';
import type { PendingAuthorization } from './pending-authorization.ts';
import type { ProviderServices, RunningProvider } from './running-provider.ts';

/** "denied": the person does not want to go on, or may not. */
export type Abortion = 'denied' | 'unmet';

/** How often keys are looked for that another instance has rotated, in milliseconds. */
const KEYS_CHECKED_EVERY = seconds(5);

interface OpenIdServices extends ProviderServices {
  readonly signingKeys: Pick<SigningKeys, 'version' | 'published'>;
  readonly apps: ProviderServices['apps'] & { all(): Promise<readonly { readonly kind: string }[]> };
  readonly clock: Clock;
}

/**
 * The OpenID Connect provider, for pages and routes. The library behind it is loaded with the first request to a portal that has an
 * OpenID Connect app.
 */
export class OpenId {
  readonly #services: OpenIdServices;
  #running: { readonly version: string; readonly provider: RunningProvider } | undefined;
  #checkedAt: Instant = Number.NEGATIVE_INFINITY;
  #checking: Promise<RunningProvider> | undefined;

  constructor(services: OpenIdServices) {
    this.#services = services;
  }

  /** Whether it was loaded. */
  get isRunning(): boolean {
    return this.#running !== undefined;
  }

  /**
   * The request under way with this id; "lost": it was finished, is older than an hour, or never existed, or its app is gone.
   *
   * @param person who is signed in; undefined: nobody yet
   */
  async pending(uid: string, person: SignedIn | undefined): Promise<PendingAuthorization | 'lost'> {
    const provider = await this.#provider();
    return (await provider?.pending(uid, person)) ?? 'lost';
  }

  /**
   * The person has given all that was asked for. Returns where to go on (a path of this site), which judges the request again.
   *
   * @param isConsentAnswered whether the person was asked for their consent now, and gave it
   */
  async finish(
    uid: string,
    { isConsentAnswered }: { readonly isConsentAnswered: boolean },
  ): Promise<string | 'lost'> {
    const provider = await this.#provider();
    return (await provider?.conclude(uid, isConsentAnswered ? { consent: {} } : {})) ?? 'lost';
  }

  /** The client gets an error in place of a code. Returns where to go on. */
  async abort(uid: string, why: Abortion): Promise<string | 'lost'> {
    const provider = await this.#provider();
    const error = why === 'denied' ? 'access_denied' : 'unmet_authentication_requirements';
    return (await provider?.conclude(uid, { error })) ?? 'lost';
  }

  /** Reads what an app asks for when a person signs out there. Ends nothing. "off": there is no OpenID Connect app. */
  async readLogout(parameters: LogoutParameters): Promise<LogoutRequest | 'off'> {
    if (!(await this.#isOn())) return 'off';
    const { readLogoutRequest } = await import('./logout-request.ts');
    const { baseUrl } = this.#services;
    return readLogoutRequest({ ...this.#services, issuer: `${baseUrl}/oidc` }, parameters);
  }

  /**
   * Answers a request to the provider. Returns what it leaves to be answered by a page; undefined if it has answered.
   * "off": there is no OpenID Connect app.
   */
  async answer(
    request: Request,
    response: Response,
    person: SignedIn | undefined,
  ): Promise<{ readonly left: LeftToPages; readonly app: OidcApp | undefined } | 'off' | undefined> {
    const provider = await this.#provider();
    if (!provider) return 'off';
    const exchange = beginExchange(request, person);
    await provider.answer(request, response);
    if (!exchange.left) return undefined;
    const [app] = [...exchange.apps.values()];
    return { left: exchange.left, app };
  }

  /** Undefined while there is no OpenID Connect app. */
  async #provider(): Promise<RunningProvider | undefined> {
    const { clock } = this.#services;
    const age = clock() - this.#checkedAt;
    // Negative: the clock was set back.
    if (this.#running && age >= 0 && age < KEYS_CHECKED_EVERY) return this.#running.provider;
    if (!(await this.#isOn())) return undefined;
    this.#checking ??= this.#current().finally(() => {
      this.#checking = undefined;
    });
    return this.#checking;
  }

  async #isOn(): Promise<boolean> {
    return (
      this.#running !== undefined || (await this.#services.apps.all()).some(({ kind }) => kind === 'oidc')
    );
  }

  /** The provider with the keys of now: a new one if they were rotated, also by another instance or the command line. */
  async #current(): Promise<RunningProvider> {
    const { signingKeys, clock } = this.#services;
    const now = clock();
    const version = await signingKeys.version();
    if (!this.#running || this.#running.version !== version || version === '') {
      const { RunningProvider } = await import('./running-provider.ts');
      const keys = await signingKeys.published();
      const made = new RunningProvider(this.#services, keys);
      // Missing keys are made when they are asked for.
      this.#running = { version: await signingKeys.version(), provider: made };
    }
    this.#checkedAt = now;
    return this.#running.provider;
  }
}
