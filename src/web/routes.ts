import type { IRouter, Request, RequestHandler } from 'express';
import { MethodNotAllowed } from './refusals.ts';

export interface Endpoints {
  readonly get?: RequestHandler;
  readonly post?: RequestHandler;
  /** Where the form stands that posts here, for an action that has no page of its own. */
  readonly formPath?: (request: Request) => string;
}

/** Adds pages to a router: what each answers to GET and POST, with CSRF on every POST and a 405 for all else. */
export type AddPage = (path: string, endpoints: Endpoints) => void;

export function pagesOn(router: IRouter, csrf: RequestHandler): AddPage {
  return (path, { get, post, formPath }) => {
    const route = router.route(path);
    if (formPath) {
      route.all((request, _response, next) => {
        request.formPath = formPath(request);
        next();
      });
    }
    if (get) route.get(get);
    if (post) route.post(csrf, post);
    const allowed = [...(get ? ['GET', 'HEAD'] : []), ...(post ? ['POST'] : [])];
    route.all(() => {
      throw new MethodNotAllowed(allowed);
    });
  };
}
