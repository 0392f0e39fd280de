import assert from 'node:assert/strict';
import type { HostApp } from '../../src/apps/app.ts';
import type { HostAppInput } from '../../src/apps/apps.ts';
import { type GuardAnswer, GuardClient, HostCookies } from './guard-client.ts';
import { newApp } from './guarded-apps.ts';
import { formOriginsOn, type Person } from './person.ts';
import { onPortal, type TestPortal } from './portal.ts';

/** A portal whose apps are behind a proxy, and that proxy. */
export interface AppsBehindProxy {
  readonly portal: () => TestPortal;
  readonly proxy: () => GuardClient;
}

/** Describes tests on a portal of their own, which answers the proxy of its apps. */
export function onAppsBehindProxy(title: string, suite: (site: AppsBehindProxy) => void): void {
  onPortal(
    title,
    (portal) => {
      let proxy: GuardClient;
      before(async () => {
        proxy = await GuardClient.open(portal().site);
      });
      after(() => proxy?.close());
      suite({ portal, proxy: () => proxy });
    },
    { GUARD_PROXIES: '127.0.0.1' },
  );
}

let number = 0;

/** A new app on a host of its own, open to everybody who is signed in unless `input` says otherwise. */
export async function appWith(portal: TestPortal, input: Partial<HostAppInput> = {}): Promise<HostApp> {
  number += 1;
  return newApp(portal, { name: `Wiki ${number}`, origin: `https://wiki${number}.example.net`, ...input });
}

/** One browser at the host of an app: its cookies there, and what the app's proxy does. */
export class AppHost {
  readonly #proxy: GuardClient;
  readonly #app: HostApp;
  readonly #cookies = new HostCookies();

  constructor(proxy: GuardClient, app: HostApp) {
    this.#proxy = proxy;
    this.#app = app;
  }

  /** Asks for a page of the app, as the proxy does. */
  check(path = '/'): Promise<GuardAnswer> {
    return this.#proxy.forwardAuth(`${this.#app.origin}${path}`, this.#cookie());
  }

  /** Opens a page of the app without being signed in; returns the address at the portal that it leads to. */
  async leadsToPortal(path = '/'): Promise<string> {
    const refused = await this.check(path);
    assert.equal(refused.status, 303, refused.text);
    const started = await this.follows(refused.headers.location ?? '');
    assert.equal(started.status, 303, started.text);
    const { pathname, search } = new URL(started.headers.location ?? '');
    return `${pathname}${search}`;
  }

  /** Follows a redirect to the app's host. */
  async follows(address: string): Promise<GuardAnswer> {
    assert.ok(address.startsWith(`${this.#app.origin}/.postern/`), address);
    const answer = await this.#proxy.passedOn(address, this.#cookie());
    this.#cookies.keep(answer);
    return answer;
  }

  /** Follows the redirect to the app on which a person's form has ended; returns the page of the app. */
  async takesOver({ page }: Person): Promise<string> {
    assert.equal(page.status, 303, `${page.path}: ${page.heading}`);
    const { status, headers, text } = await this.follows(page.headers['location'] ?? '');
    assert.equal(status, 303, text);
    return headers.location ?? '';
  }

  #cookie() {
    return { Cookie: this.#cookies.header };
  }
}

/** The origins besides our own that the forms of the open page may redirect to. */
export function formOriginsOf({ page }: Person): readonly string[] {
  return formOriginsOn(page);
}
