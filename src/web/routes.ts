import type { IRouter, Request, RequestHandler } from 'express';
import { isBeforeSignIn } from './guards.ts';
import { MethodNotAllowed, NotFound } from './http-errors.ts';

declare global {
  namespace Express {
    interface Request {
      /** Fields of the form whose values are kept if the form cannot be accepted now. */
      keptFields?: KeptFields;
      /** The form belongs to signing in, so it is useless once signed in. */
      beforeSignIn?: boolean;
    }
  }
}

/** Names of fields, or a test of the name if there is a field per thing. */
export type KeptFields = readonly string[] | ((name: string) => boolean);

export interface Endpoints {
  readonly get?: RequestHandler;
  readonly post?: RequestHandler;
  /** The page with the form, for an action without a page of its own. */
  readonly formPath?: (request: Request) => string;
  /** Fields whose values are kept in the session if the form cannot be accepted now; never secrets. */
  readonly keeps?: KeptFields;
}

/** The pages of a router. */
export interface PageRoutes {
  readonly addPage: AddPage;
  /** Route patterns ("/admin/people/:id"), in the order of the routes. */
  readonly paths: readonly string[];
}

/** Adds a page: handlers for GET and POST, with CSRF on every POST, and 405 for other methods. */
export type AddPage = (path: string, endpoints: Endpoints) => void;

/** @param forms middleware of each POST: its origin, repeated forms, its token */
export function pagesOn(router: IRouter, forms: readonly RequestHandler[]): PageRoutes {
  const paths: string[] = [];
  const addPage: AddPage = (path, { get, post, formPath, keeps = [] }) => {
    paths.push(path);
    const route = router.route(path);
    route.all(refuseNul);
    if (formPath) {
      route.all((request, _response, next) => {
        request.formPath = formPath(request);
        next();
      });
    }
    if (get) route.get(get);
    if (post) {
      route.post((request, _response, next) => {
        request.keptFields = keeps;
        request.beforeSignIn = isBeforeSignIn(post);
        next();
      });
      route.post(...forms, post);
    }
    const allowed = [...(get ? ['GET', 'HEAD'] : []), ...(post ? ['POST'] : [])];
    route.all(() => {
      throw new MethodNotAllowed(allowed);
    });
  };
  return { addPage, paths };
}

/** No stored id has a NUL, and PostgreSQL fails on a text with one: "/admin/people/%00" is not found, on every database. */
const refuseNul: RequestHandler = ({ params }, _response, next) => {
  next(Object.values(params).some((value) => value.includes('\0')) ? new NotFound() : undefined);
};
