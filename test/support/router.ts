import type { Express } from 'express';
import { z } from 'zod';
import { REQUEST_DECISIONS } from '../../src/pages/admin/requests/request-decisions.ts';
import { METHOD_IDS } from '../../src/settings/method-ids.ts';

/** A page as registered in the app's own router. */
export interface Route {
  /** As it was registered, with its parameters: "/profile/two-factor/:id". */
  readonly pattern: string;
  readonly methods: readonly ('GET' | 'POST')[];
}

const layers = z.array(
  z.object({
    route: z
      .object({ path: z.string(), stack: z.array(z.object({ method: z.string().optional() })) })
      .optional(),
  }),
);

/** Every page of the site, from the router: one that is added tomorrow is attacked tomorrow. */
export function routesOf(app: Express): readonly Route[] {
  const routes = layers.parse(app.router.stack).flatMap(({ route }) => (route ? [route] : []));
  return routes.map(({ path, stack }) => {
    const answered = new Set(stack.map(({ method }) => method));
    const methods = (['GET', 'POST'] as const).filter((method) => answered.has(method.toLowerCase()));
    return { pattern: path, methods };
  });
}

/** The pattern of a path, and the patterns of forms. */
export function patternsOf(app: Express) {
  const routes = routesOf(app).map(({ pattern, methods }) => ({
    pattern,
    methods,
    path: new RegExp(`^${pattern.replace(/[.]/g, '\\.').replace(/:\w+/g, '[^/]+')}$`),
  }));
  return {
    of: (path: string): string => routes.find((route) => route.path.test(path))?.pattern ?? path,
    posts: routes.filter(({ methods }) => methods.includes('POST')).map(({ pattern }) => pattern),
  };
}

/** The values of a parameter that has only a few. */
const CHOICES: Readonly<Record<string, readonly string[]>> = {
  decision: REQUEST_DECISIONS,
  method: METHOD_IDS,
  part: ['qr-code'],
};

/**
 * The addresses of a page. A parameter "id" or "…Id" gets each of `ids`, whatever it identifies, because a page that is added
 * tomorrow must not need a line here.
 */
export function addressesOf({ pattern }: Pick<Route, 'pattern'>, ids: readonly string[]): readonly string[] {
  const [, name] = /:(\w+)/.exec(pattern) ?? [];
  if (name === undefined) return [pattern];
  const values = /^id$|Id$/.test(name) ? ids : CHOICES[name];
  if (!values) throw new Error(`What may :${name} in ${pattern} be? Say so in test/support/router.ts.`);
  return values.flatMap((value) => addressesOf({ pattern: pattern.replace(`:${name}`, value) }, ids));
}

/** A possible request. */
export interface Knock {
  readonly pattern: string;
  readonly method: 'GET' | 'POST';
  readonly address: string;
}

/** One request for each page, method and address, for pages whose pattern is `wanted`. */
export function knocksOn(
  app: Express,
  ids: readonly string[],
  wanted: (pattern: string) => boolean = () => true,
): readonly Knock[] {
  return routesOf(app)
    .filter(({ pattern }) => wanted(pattern))
    .flatMap((route) =>
      addressesOf(route, ids).flatMap((address) =>
        route.methods.map((method) => ({ pattern: route.pattern, method, address })),
      ),
    );
}
