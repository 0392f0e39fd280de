import type { MessageKey } from '../kernel/i18n.ts';
import type { HostApp, OidcApp, SignedApp } from './app.ts';

/** What administrators can set. `origin` as `parseAppOrigin` returns it. The kind of an app stays. */
export type AppInput = HostAppInput | OidcAppInput | SignedAppInput;
export type HostAppInput = Omit<HostApp, 'id' | 'host' | 'createdAt'>;
export type OidcAppInput = Omit<OidcApp, 'id' | 'createdAt'>;
export type SignedAppInput = Omit<SignedApp, 'id' | 'createdAt'>;

/**
 * "own site": the app's address is Postern's own; "not https": http is only for a Postern on http, in development; "own address":
 * one of the addresses of a protocol is Postern's own; "elsewhere": an address that has to be on the app's own origin is not;
 * "pkce needed": a public client without PKCE.
 */
export type AppFault = Clash | 'own site' | 'not https' | 'own address' | 'elsewhere' | 'pkce needed';

/** What a form or a command says of a fault. */
export const APP_FAULT_TEXTS = {
  'name taken': 'cli.app-exists',
  'host taken': 'cli.app-address-taken',
  'own site': 'cli.app-own-site',
  'not https': 'cli.app-not-https',
  'own address': 'app.fault.own-address',
  elsewhere: 'app.fault.elsewhere',
  'pkce needed': 'app.fault.pkce-needed',
} as const satisfies Readonly<Record<AppFault, MessageKey>>;

/** The setting that a fault is about, where it is none of those that all apps have. */
export type FaultySetting = keyof OidcApp['client'] | keyof SignedApp['signed'];

export interface AppRefused<Fault = AppFault> {
  readonly kind: 'refused';
  readonly fault: Fault;
  readonly setting?: FaultySetting;
  /** The address at fault. */
  readonly address?: string;
}

/** "name taken", "host taken": another app has it; the ports of an https host are one, because they share cookies. */
export type Clash = 'name taken' | 'host taken';
