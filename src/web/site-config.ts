/** The part of the configuration that pages need. */
export interface SiteConfig {
  /** The public origin, without a path; links and cookies follow it, never a request's headers. */
  readonly baseUrl: string;
  /** Express's `trust proxy`: whose X-Forwarded-For is trusted. */
  readonly trustProxy: number | readonly string[] | false;
  /** URL of the help center; undefined: no link to it. */
  readonly helpCenterUrl: string | undefined;
  /** Where the metrics are served; undefined: nowhere. */
  readonly metrics: { readonly port: number | undefined; readonly token: string | undefined } | undefined;
  /** Who may ask for forward-auth checks: addresses and subnets, or who has the token. Neither: nobody. */
  readonly guard: { readonly proxies: readonly string[]; readonly token: string | undefined };
}
