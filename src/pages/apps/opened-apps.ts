import type { Request } from 'express';
import { z } from 'zod';
import type { OpenedApp } from '../../apps/departures.ts';
import { type Instant, minutes } from '../../kernel/time.ts';

declare module 'express-session' {
  interface SessionData {
    openedApps: unknown;
  }
}

/** How long the page after a sign-out lists the apps. Milliseconds. */
const LIFETIME = minutes(10);

/** Apps that are listed at most, to keep sessions small. */
const MOST = 50;

const kept = z.object({
  apps: z.array(z.object({ appId: z.string(), id: z.string() })),
  at: z.number(),
});

/** Keeps what a sign-in had opened for the page after it has ended. */
export function keepOpenedApps(request: Request, opened: readonly OpenedApp[], at: Instant): void {
  const apps = opened.slice(0, MOST).map(({ appId, id }) => ({ appId, id }));
  request.session.openedApps = { apps, at } satisfies z.infer<typeof kept>;
}

/** The apps that the sign-in of this browser had opened, if it ended within the last ten minutes. */
export function openedApps(request: Request, now: Instant): readonly OpenedApp[] {
  const found = kept.safeParse(request.session?.openedApps).data;
  return found && now - found.at < LIFETIME ? found.apps : [];
}
