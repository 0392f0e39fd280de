import type { Request, RequestHandler } from 'express';
import { z } from 'zod';
import type { SignedIn } from '../../web/auth-state.ts';
import type { Handler } from '../../web/guards.ts';
import { NotFound } from '../../web/http-errors.ts';
import { LONGEST_RETURN, safeReturnPath } from '../../web/paths.ts';
import { redirectTo } from '../../web/redirects.ts';
import type { AddPage } from '../../web/routes.ts';
import type { PageServices } from '../page-services.ts';
import { askForMissing } from './missing-proof.ts';
import { OPEN_APP, visitorIn } from './way-to-app.ts';

type OpenServices = Pick<PageServices, 'apps' | 'clock' | 'guards' | 'handOvers' | 'renderer'>;

/** The hash of the nonce of the app's host: SHA-256 in base64url. */
const query = z.object({
  host: z.string().max(300),
  nonce: z.string().regex(/^[\w-]{43}$/),
  path: z.string().optional(),
});

/** What an app's host asks for: see guard/hand-over-paths.ts. */
type Asked = z.infer<typeof query> & {
  /** The address of this page, to return to. */
  readonly address: string;
};

/** The way to an app: what it asks for and was not proven yet is asked for, and then the sign-in is handed over. */
export function openPages(addPage: AddPage, services: OpenServices): void {
  addPage(OPEN_APP, { get: shortened(services.guards.signedIn(openApp(services))) });
}

/** GET /apps/open?host=…&nonce=…&path=… */
function openApp(services: OpenServices): Handler<SignedIn> {
  return async ({ who, request, response }) => {
    const asked = askedOf(request);
    if (!asked) throw new NotFound();
    const { address, host, nonce: nonceHash, path } = asked;
    const opened = await services.handOvers.open({
      ...{ host, nonceHash, path: safeReturnPath(path) },
      ...{ visitor: visitorIn(services, who), signInId: who.signIn.id, origin: who.actor.origin },
    });
    if (opened.kind === 'unknown host') throw new NotFound();
    const { app } = opened;
    if (opened.kind === 'handed over') {
      return redirectTo(response, `${app.origin}/.postern/finish?code=${opened.code}`);
    }
    const way = { app, demand: app, formOrigin: app.origin };
    return askForMissing(services, { who, request, response }, opened.refusal, way, address);
  };
}

/** What the app's host asks for; undefined if something is missing or malformed: nobody is sent here so. */
function askedOf(request: Request): Asked | undefined {
  const { data } = query.safeParse(request.query);
  return data && { ...data, address: addressOf(data) };
}

/** Without the path if it would be too long to return to: then the app's first page is opened. */
function addressOf({ host, nonce, path }: z.infer<typeof query>): string {
  const address = (query: Record<string, string>) => `${OPEN_APP}?${new URLSearchParams(query)}`;
  const whole = address({ host, nonce, path: safeReturnPath(path) });
  return whole.length > LONGEST_RETURN ? address({ host, nonce, path: '/' }) : whole;
}

/** An address that is too long to return to after the sign-in is shortened before it. */
function shortened(open: RequestHandler): RequestHandler {
  return (request, response, next) => {
    const asked = request.originalUrl.length > LONGEST_RETURN ? askedOf(request) : undefined;
    return asked ? redirectTo(response, asked.address) : open(request, response, next);
  };
}
