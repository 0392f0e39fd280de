import { z } from 'zod';
import { type App, type HostApp, type OidcApp, REMOTE_USERS, type SignedApp } from '../../../apps/app.ts';
import { LONGEST_ADDRESS } from '../../../apps/app-addresses.ts';
import type { AppInput, HostAppInput, OidcAppInput, SignedAppInput } from '../../../apps/apps.ts';
import {
  CLIENT_AUTHENTICATIONS,
  ID_TOKEN_ALGORITHMS,
  OIDC_DEFAULTS,
  type OidcClient,
  oidcClientInput,
} from '../../../apps/oidc-client.ts';
import {
  DESTINATIONS,
  SIGNED_FORMATS,
  type SignedFormat,
  signedHandOverInput,
} from '../../../apps/signed-hand-over.ts';
import { type FieldError, type SubmittedValues, tick } from '../../../web/forms.ts';
import { type CommonInput, chosen, says, ticked } from './common-fields.ts';

/** The form of one kind of apps, besides the fields that all have. */
export interface KindForm<Fields extends z.ZodRawShape, One extends App, Input extends AppInput> {
  readonly kind: One['kind'];
  /** Below `views/admin/`. */
  readonly view: string;
  readonly fields: Fields;
  /** What is filled in for a new app. */
  readonly initial: SubmittedValues;
  /** Choices that the view lists. */
  readonly choices: Readonly<Record<string, readonly unknown[]>>;
  readonly isOne: (app: App) => app is One;
  readonly typed: (app: One) => SubmittedValues;
  /** `told`: the ids of the groups that it is told of. */
  readonly inputOf: (
    values: z.infer<z.ZodObject<Fields>>,
    common: CommonInput,
    told: string[],
  ) => Input | { readonly errors: readonly FieldError[] };
}

/** In characters; more is not shown again after an error. */
const LONGEST_TEXT = 2000;

/** One address a line; the domain's schema checks them. */
function inLines<Addresses extends z.ZodType<unknown, string[]>>(addresses: Addresses) {
  return z
    .string(says('error.not-text'))
    .max(LONGEST_TEXT, says('error.too-long'))
    .default('')
    .transform((text) => text.split(/\s+/).filter(Boolean))
    .pipe(addresses);
}

/** Empty for none. */
function orEmpty<Address extends z.ZodType<unknown, string | null>>(address: Address) {
  return z
    .string(says('error.not-text'))
    .max(4 * LONGEST_ADDRESS, says('error.too-long'))
    .default('')
    .transform((text) => (text.trim() === '' ? null : text))
    .pipe(address);
}

const hostFields = { remoteUser: z.enum(REMOTE_USERS, chosen) };

export const HOST_FORM: KindForm<typeof hostFields, HostApp, HostAppInput> = {
  kind: 'host',
  view: 'app-form-host',
  fields: hostFields,
  initial: { remoteUser: 'email' },
  choices: { remoteUsers: REMOTE_USERS },
  isOne: (app): app is HostApp => app.kind === 'host',
  typed: ({ remoteUser }) => ({ remoteUser }),
  inputOf: ({ remoteUser }, common) => ({ ...common, kind: 'host', remoteUser }),
};

const client = oidcClientInput.shape;
const clientFields = {
  redirectUris: inLines(client.redirectUris),
  postLogoutUris: inLines(client.postLogoutUris),
  backchannelLogoutUri: orEmpty(client.backchannelLogoutUri),
  startUrl: orEmpty(client.startUrl),
  authentication: client.authentication,
  requiresPkce: tick(),
  idTokenAlgorithm: client.idTokenAlgorithm,
  asksConsent: tick(),
  mayRefresh: tick(),
  mayFormPost: tick(),
};

export const CLIENT_FORM: KindForm<typeof clientFields, OidcApp, OidcAppInput> = {
  kind: 'oidc',
  view: 'app-form-oidc',
  fields: clientFields,
  // Apps that speak a protocol find their accounts by the address.
  initial: { ...typedClient({ ...OIDC_DEFAULTS, redirectUris: [] }), confirmsEmail: 'on' },
  choices: { authentications: CLIENT_AUTHENTICATIONS, algorithms: ID_TOKEN_ALGORITHMS },
  isOne: (app): app is OidcApp => app.kind === 'oidc',
  typed: (app) => typedClient(app.client),
  inputOf: ({ requiresPkce, asksConsent, mayRefresh, mayFormPost, ...settings }, common, toldGroups) => ({
    ...common,
    kind: 'oidc',
    client: {
      ...{ ...settings, toldGroups },
      ...{ requiresPkce: requiresPkce === 'on', asksConsent: asksConsent === 'on' },
      ...{ mayRefresh: mayRefresh === 'on', mayFormPost: mayFormPost === 'on' },
    },
  }),
};

function typedClient(settings: OidcClient): SubmittedValues {
  const { redirectUris, postLogoutUris, backchannelLogoutUri, startUrl } = settings;
  return {
    ...{ redirectUris: redirectUris.join('\n'), postLogoutUris: postLogoutUris.join('\n') },
    ...{ backchannelLogoutUri: backchannelLogoutUri ?? '', startUrl: startUrl ?? '' },
    ...{ authentication: settings.authentication, idTokenAlgorithm: settings.idTokenAlgorithm },
    ...{ ...ticked('requiresPkce', settings.requiresPkce), ...ticked('asksConsent', settings.asksConsent) },
    ...{ ...ticked('mayRefresh', settings.mayRefresh), ...ticked('mayFormPost', settings.mayFormPost) },
  };
}

/** Names of products: the same in every language. */
export const FORMAT_NAMES: Readonly<Record<SignedFormat, string>> = {
  zendesk: 'Zendesk',
  deskpro: 'Deskpro',
  'help-scout': 'Help Scout Docs',
  discourse: 'Discourse (DiscourseConnect)',
};

const handOver = signedHandOverInput.shape;
const handOverFields = {
  format: handOver.format,
  destination: orEmpty(handOver.destination.nullable()),
  startUrl: orEmpty(handOver.startUrl),
};

export const HAND_OVER_FORM: KindForm<typeof handOverFields, SignedApp, SignedAppInput> = {
  kind: 'signed',
  view: 'app-form-signed',
  fields: handOverFields,
  initial: { confirmsEmail: 'on' },
  choices: { formats: SIGNED_FORMATS.map((value) => ({ value, label: FORMAT_NAMES[value] })) },
  isOne: (app): app is SignedApp => app.kind === 'signed',
  typed: ({ signed: { format, destination, startUrl } }) => ({
    ...{ format, destination, startUrl: startUrl ?? '' },
  }),
  inputOf({ format, destination, startUrl }, common, toldGroups) {
    const usual = DESTINATIONS[format];
    const taken = destination ?? (usual && `${common.origin}${usual}`);
    if (taken === undefined) {
      return { errors: [{ field: 'destination', key: 'app.fault.destination-missing' }] };
    }
    return { ...common, kind: 'signed', signed: { format, destination: taken, startUrl, toldGroups } };
  },
};
