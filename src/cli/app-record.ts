import { z } from 'zod';
import {
  APP_KINDS,
  type App,
  type AppKind,
  FRESH_MINUTES,
  type ListedApp,
  LONGEST_APP_NAME,
  PROOFS,
  type ProofDemand,
  parseAppOrigin,
  REMOTE_USERS,
  type RemoteUser,
  toldGroupsOf,
} from '../apps/app.ts';
import { type OidcClient, oidcClientInput } from '../apps/oidc-client.ts';
import { type SignedHandOver, signedHandOverInput } from '../apps/signed-hand-over.ts';
import { lineOfText } from '../kernel/fields.ts';
import { type Group, namesOfGroups } from '../policy/group.ts';

/** The settings of an app that are given, by options or by a file. */
export interface GivenApp {
  readonly name?: string | undefined;
  readonly origin?: string | undefined;
  /** Groups by name. */
  readonly audience?: 'everybody' | readonly string[] | undefined;
  readonly proof?: ProofDemand | undefined;
  readonly freshMinutes?: number | null | undefined;
  readonly confirmsEmail?: boolean | undefined;
  readonly remoteUser?: RemoteUser | undefined;
  /** Groups by name. */
  readonly toldGroups?: readonly string[] | undefined;
  readonly client?: Partial<OidcClient> | undefined;
  readonly signed?: Partial<SignedHandOver> | undefined;
}

/** Demands as options and files spell them. */
const SPELLED = { none: 'none', 'second-step': 'second step', strong: 'strong' } as const satisfies Record<
  string,
  ProofDemand
>;
export type SpelledProof = keyof typeof SPELLED;
export const SPELLED_PROOFS = Object.keys(SPELLED) as readonly SpelledProof[];

export function spelled(proof: ProofDemand): SpelledProof {
  return SPELLED_PROOFS.find((one) => SPELLED[one] === proof) ?? PROOFS[0];
}

export const appNameField = lineOfText('app.name-missing', LONGEST_APP_NAME);

const names = z.array(z.string());
/** Written by `--json`, and not read. */
const unread = z.unknown();

const client = oidcClientInput.shape;
const handOver = signedHandOverInput.shape;

/** The settings of every kind as a file has them. Strict: a demand whose name is mistyped would ask for nothing. */
const RECORD = z
  .strictObject({
    name: appNameField,
    kind: z.enum(APP_KINDS),
    address: z.string().transform((text, context) => parseAppOrigin(text) ?? refused(context)),
    groups: z.union([z.literal('everybody'), names]),
    proof: z.enum(SPELLED_PROOFS),
    freshMinutes: z.int().min(FRESH_MINUTES.least).max(FRESH_MINUTES.most).nullable(),
    confirmEmail: z.boolean(),
    user: z.enum(REMOTE_USERS),
    clientId: unread,
    redirectAddresses: client.redirectUris,
    signOutAddresses: client.postLogoutUris,
    logoutAddress: client.backchannelLogoutUri,
    clientAuthentication: client.authentication,
    pkce: client.requiresPkce,
    algorithm: client.idTokenAlgorithm,
    consent: client.asksConsent,
    refresh: client.mayRefresh,
    formPost: client.mayFormPost,
    format: handOver.format,
    destination: handOver.destination,
    toldGroups: names,
    startPage: client.startUrl,
    lastSignIn: unread,
  })
  .partial();

export type AppRecord = z.output<typeof RECORD>;
export type SettingName = keyof AppRecord;

const COMMON = [
  ...['name', 'kind', 'address', 'groups', 'proof', 'freshMinutes', 'confirmEmail', 'lastSignIn'],
] as const satisfies readonly SettingName[];

/** The settings that an app of a kind has. */
const OF_KIND: Readonly<Record<AppKind, readonly string[]>> = {
  host: [...COMMON, 'user'],
  oidc: [
    ...COMMON,
    ...['clientId', 'redirectAddresses', 'signOutAddresses', 'logoutAddress', 'clientAuthentication', 'pkce'],
    ...['algorithm', 'consent', 'refresh', 'formPost', 'toldGroups', 'startPage'],
  ],
  signed: [...COMMON, 'format', 'destination', 'toldGroups', 'startPage'],
};

function refused(context: z.RefinementCtx): never {
  context.addIssue({ code: 'custom' });
  return z.NEVER;
}

export type ReadRecord =
  | { readonly kind: 'read'; readonly app: GivenApp }
  | { readonly kind: 'no record' }
  /** No app of this kind has a setting of this name. */
  | { readonly kind: 'unknown'; readonly setting: string }
  | { readonly kind: 'refused'; readonly setting: string; readonly issue: z.core.$ZodIssue };

/** The settings in a record of an app of this kind. */
export function readRecord(kind: AppKind, source: unknown): ReadRecord {
  if (typeof source !== 'object' || source === null || Array.isArray(source)) return { kind: 'no record' };
  const unknown = Object.keys(source).find((name) => !OF_KIND[kind].includes(name));
  if (unknown !== undefined) return { kind: 'unknown', setting: unknown };
  const parsed = RECORD.safeParse(source);
  if (parsed.success) return { kind: 'read', app: given(parsed.data) };
  const [issue] = parsed.error.issues;
  if (!issue) throw parsed.error;
  return { kind: 'refused', setting: String(issue.path[0] ?? ''), issue };
}

/** The kind that a record names; undefined if it names none. */
export function kindIn(source: unknown): AppKind | undefined {
  return z.object({ kind: z.enum(APP_KINDS) }).safeParse(source).data?.kind;
}

function given(record: AppRecord): GivenApp {
  const { name, address, groups, proof, freshMinutes, confirmEmail, user, toldGroups } = record;
  return {
    ...{ name, freshMinutes, toldGroups, origin: address, audience: groups },
    ...{ confirmsEmail: confirmEmail, remoteUser: user, proof: proof && SPELLED[proof] },
    client: withoutGaps({
      redirectUris: record.redirectAddresses,
      postLogoutUris: record.signOutAddresses,
      backchannelLogoutUri: record.logoutAddress,
      authentication: record.clientAuthentication,
      requiresPkce: record.pkce,
      idTokenAlgorithm: record.algorithm,
      asksConsent: record.consent,
      mayRefresh: record.refresh,
      mayFormPost: record.formPost,
      startUrl: record.startPage,
    }),
    signed: withoutGaps({
      ...{ format: record.format, destination: record.destination, startUrl: record.startPage },
    }),
  };
}

/** The settings that are given. */
export function withoutGaps<Settings extends object>(
  settings: Settings,
): { readonly [Name in keyof Settings]?: Exclude<Settings[Name], undefined> } {
  return Object.fromEntries(Object.entries(settings).filter(([, value]) => value !== undefined)) as never;
}

/** An app as `--json` writes it and `--from` reads it. Its secrets are not in it. */
export function appRecord(app: ListedApp, groups: readonly Group[]): AppRecord {
  const { name, kind, origin, audience, proof, freshMinutes, confirmsEmail, lastSignInAt } = app;
  return {
    ...{ name, kind, address: origin },
    groups: audience === 'everybody' ? audience : [...namesOfGroups(audience, groups)],
    ...{ proof: spelled(proof), freshMinutes, confirmEmail: confirmsEmail },
    ...protocolRecord(app, [...namesOfGroups(toldGroupsOf(app), groups)]),
    lastSignIn: lastSignInAt === null ? null : new Date(lastSignInAt).toISOString(),
  };
}

function protocolRecord(app: App, toldGroups: string[]): AppRecord {
  switch (app.kind) {
    case 'host':
      return { user: app.remoteUser };
    case 'oidc':
      return { clientId: app.id, ...clientRecord(app.client), toldGroups, startPage: app.client.startUrl };
    case 'signed': {
      const { format, destination, startUrl } = app.signed;
      return { format, destination, toldGroups, startPage: startUrl };
    }
  }
}

function clientRecord(settings: OidcClient): AppRecord {
  return {
    redirectAddresses: [...settings.redirectUris],
    signOutAddresses: [...settings.postLogoutUris],
    logoutAddress: settings.backchannelLogoutUri,
    clientAuthentication: settings.authentication,
    pkce: settings.requiresPkce,
    algorithm: settings.idTokenAlgorithm,
    consent: settings.asksConsent,
    refresh: settings.mayRefresh,
    formPost: settings.mayFormPost,
  };
}
