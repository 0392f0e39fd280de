import path from 'node:path';
import express, { type Express } from 'express';
import { checksBefore } from './guard/checks.ts';
import { Guard } from './guard/guard.ts';
import { guardRoutes } from './guard/routes.ts';
import { openIdAuthorization, openIdEndpoints } from './oidc/routes.ts';
import { accountPages } from './pages/account/routes.ts';
import { adminPages } from './pages/admin/routes.ts';
import { logoutByForm } from './pages/apps/logout.ts';
import { openIdPages } from './pages/apps/open-id-pages.ts';
import { appPages } from './pages/apps/routes.ts';
import { helpPages } from './pages/help/routes.ts';
import { homePages } from './pages/home.ts';
import type { PageServices } from './pages/page-services.ts';
import { profilePages } from './pages/profile/routes.ts';
import { signInListPages } from './pages/profile/sign-ins.ts';
import { signInPages } from './pages/sign-in/routes.ts';
import { stepUpPages } from './pages/sign-in/step-up.ts';
import { twoFactorPages } from './pages/two-factor/routes.ts';
import type { Services } from './services.ts';
import { loadAssets } from './web/assets.ts';
import { largeForms, smallForms } from './web/bodies.ts';
import { trustProxies } from './web/client-address.ts';
import { loadContext, nameRequest } from './web/context.ts';
import { readableForms, refuseForeign, requireToken } from './web/csrf.ts';
import { watchDependencies } from './web/dependency-timeout.ts';
import { errorPages, noSuchPage } from './web/errors.ts';
import { guards } from './web/guards.ts';
import { alive, ready } from './web/health.ts';
import { measureRequests, metricsPage } from './web/metrics.ts';
import { plainBrowserSupport } from './web/plain-browsers.ts';
import { redirectFrom } from './web/redirects.ts';
import { Renderer } from './web/rendering.ts';
import { logRequest, requestLog } from './web/request-log.ts';
import { requestsWithoutPath } from './web/requests-without-path.ts';
import { pagesOn } from './web/routes.ts';
import { securityHeaders } from './web/security-headers.ts';
import { sessions } from './web/session.ts';
import { submittedOnce } from './web/submitted-once.ts';

/** The whole site: the checks of apps in front of Express, which serves everything else. */
export function createSite(services: Services) {
  const { logger, measures } = services;
  const guard = new Guard(services);
  return checksBefore(createApp(services, guard), guard, (check) => {
    logRequest(logger, check);
    const { path: route, method, status, milliseconds } = check;
    measures?.request({ route, method, status, milliseconds });
  });
}

/** The site without the checks of apps, as an Express app over these services. */
export function createApp(services: Services, guard = new Guard(services)): Express {
  const { site, logger, measures } = services;
  const secure = site.baseUrl.startsWith('https:');
  const assets = loadAssets(path.join(import.meta.dirname, '../public'));
  const renderer = new Renderer(services, assets);
  const app = express();
  app.disable('x-powered-by');
  // No response may be cached but the assets, which have their own validators.
  app.disable('etag');
  trustProxies(app, site.trustProxy);
  redirectFrom(app, site.baseUrl);
  app.set('query parser', 'simple');
  app.enable('strict routing');
  app.enable('case sensitive routing');

  app.use(nameRequest());
  app.use(requestLog(logger));
  app.use(requestsWithoutPath);
  if (measures) app.use(measureRequests(measures));
  app.use(guardRoutes(guard));
  app.use(openIdEndpoints(services));
  app.use(securityHeaders(secure));
  app.use(plainBrowserSupport());
  app.use(assets.middleware);
  app.get('/healthz', alive);
  app.get('/readyz', ready(services));
  if (measures && site.metrics?.token !== undefined && site.metrics.port === undefined) {
    app.get('/metrics', metricsPage(services, measures, site.metrics.token));
  }

  const errors = errorPages(services, renderer);
  app.use(watchDependencies(services, errors));
  app.use(sessions(services, secure));
  app.use(openIdAuthorization(services, openIdPages({ ...services, renderer })));
  app.use('/admin/people/import', largeForms(services));
  app.use(smallForms);
  app.use(logoutByForm());
  app.use(loadContext(services));

  const forms = [refuseForeign(site.baseUrl), readableForms, submittedOnce(services), requireToken];
  const { addPage, paths } = pagesOn(app, forms);
  const pages: PageServices = { ...services, guards: guards(services), renderer };
  homePages(addPage, pages);
  signInPages(addPage, pages);
  appPages(addPage, pages);
  accountPages(addPage, pages);
  stepUpPages(addPage, pages);
  profilePages(addPage, pages);
  signInListPages(addPage, pages);
  twoFactorPages(addPage, pages);
  adminPages(addPage, pages);
  helpPages(addPage, pages);

  app.use(noSuchPage(paths));
  app.use(errors);
  return app;
}

/** The metrics alone, for a port that the public does not reach; undefined if there is no such port. */
export function createMetricsApp(services: Services): Express | undefined {
  const { site, measures } = services;
  if (!measures || site.metrics?.port === undefined) return undefined;
  const app = express();
  app.disable('x-powered-by');
  app.disable('etag');
  app.get('/metrics', metricsPage(services, measures, site.metrics.token));
  return app;
}
