import assert from 'node:assert/strict';
import type { SignedApp } from '../../src/apps/app.ts';
import type { SignedAppInput } from '../../src/apps/apps.ts';
import { type SignedFormat, signInPathOf } from '../../src/apps/signed-hand-over.ts';
import { FakeHelpDesk } from './fake-help-desk.ts';
import { OPERATOR, onPortal, type TestPortal } from './portal.ts';

/** What is said of a new app; by default it is open to everybody who is signed in. */
export type SignedAppChanges = Partial<SignedAppInput> & {
  readonly destination?: string;
  readonly toldGroups?: readonly string[];
};

/** An app that is connected, and what runs there. */
export interface ConnectedDesk {
  readonly app: SignedApp;
  readonly desk: FakeHelpDesk;
}

let number = 0;

/** A new app, whose secret nobody has seen. */
export async function newSignedApp(
  { services }: TestPortal,
  format: SignedFormat,
  origin: string,
  input: SignedAppChanges = {},
): Promise<SignedApp> {
  number += 1;
  const { destination = `${origin}/take`, toldGroups = [], ...changes } = input;
  const created = await services.apps.create(
    {
      ...{ audience: 'everybody', proof: 'none', freshMinutes: null, confirmsEmail: false },
      ...{ kind: 'signed', name: `Desk ${number}`, origin },
      signed: { format, destination, toldGroups: [...toldGroups], startUrl: null },
      ...changes,
    },
    OPERATOR,
  );
  assert.ok(created.kind === 'created' && created.app.kind === 'signed', JSON.stringify(created));
  return created.app;
}

/** The same with something that runs there and has the secret. Call `close` of the desk. */
export async function connects(
  portal: TestPortal,
  format: SignedFormat,
  input: SignedAppChanges = {},
  address = 'http://localhost:3000',
): Promise<ConnectedDesk> {
  const desk = await FakeHelpDesk.open(format, portal.now);
  const { destination } = desk;
  const app = await newSignedApp(portal, format, desk.origin, { destination, ...input });
  desk.secret = await portal.services.appSecrets.rotate(app, OPERATOR);
  desk.signInUrl = `${address}${signInPathOf(app.id)}`;
  return { app, desk };
}

/** Describes tests on a portal of their own; `connect` connects another app, which is closed after them. */
export function onSignedApps(
  title: string,
  suite: (site: {
    readonly portal: () => TestPortal;
    readonly connect: (format: SignedFormat, input?: SignedAppChanges) => Promise<ConnectedDesk>;
  }) => void,
): void {
  onPortal(title, (portal) => {
    const desks: FakeHelpDesk[] = [];
    after(() => Promise.all(desks.map((desk) => desk.close())));
    suite({
      portal,
      async connect(format, input) {
        const connected = await connects(portal(), format, input);
        desks.push(connected.desk);
        return connected;
      },
    });
  });
}
