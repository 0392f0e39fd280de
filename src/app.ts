import path from 'node:path';
import express, { type Express } from 'express';
import { accountPages } from './pages/account/routes.ts';
import { adminPages } from './pages/admin/routes.ts';
import { helpPages } from './pages/help/routes.ts';
import { homePages } from './pages/home/routes.ts';
import type { PageServices } from './pages/page-services.ts';
import { profilePages } from './pages/profile/routes.ts';
import { signInPages } from './pages/sign-in/routes.ts';
import { signInListPages } from './pages/sign-ins/routes.ts';
import { stepUpPages } from './pages/step-up/routes.ts';
import { twoFactorPages } from './pages/two-factor/routes.ts';
import type { Services } from './services.ts';
import { absoluteRedirects } from './web/absolute-redirects.ts';
import { loadAssets } from './web/assets.ts';
import { requireCsrf } from './web/csrf.ts';
import { errorPages, noSuchPage } from './web/errors.ts';
import { guards } from './web/guards.ts';
import { alive, ready } from './web/health.ts';
import { measureRequests, metricsPage } from './web/metrics.ts';
import { Renderer } from './web/rendering.ts';
import { requestLog } from './web/request-log.ts';
import { pagesOn } from './web/routes.ts';
import { securityHeaders } from './web/security-headers.ts';
import { sessions } from './web/session.ts';
import { noticeSilence } from './web/silence.ts';
import { textBrowsers } from './web/text-browsers.ts';
import { beginVisit, nameRequest } from './web/visit.ts';
import { wholeAnswers } from './web/whole-answers.ts';

const LARGEST_BODY = '32kb';
/** What is pasted for an import grows to many times its length on the way, in scripts other than Latin. */
const LARGEST_IMPORT = '256kb';

/** The whole site over the given services. */
export function createApp(services: Services): Express {
  const { site, logger, measures } = services;
  const secure = site.baseUrl.startsWith('https:');
  const assets = loadAssets(path.join(import.meta.dirname, '../public'));
  const renderer = new Renderer(services, assets);
  const app = express();
  app.disable('x-powered-by');
  // No answer may be kept but the assets, which have validators of their own.
  app.disable('etag');
  app.set('trust proxy', site.trustProxy);
  app.set('query parser', 'simple');
  app.enable('strict routing');
  app.enable('case sensitive routing');

  app.use(nameRequest());
  app.use(requestLog(logger));
  if (measures) app.use(measureRequests(measures));
  app.use(securityHeaders(secure));
  app.use(absoluteRedirects(site.baseUrl));
  app.use(textBrowsers());
  app.use(assets.middleware);
  app.get('/healthz', alive);
  app.get('/readyz', ready(services));
  if (measures && site.metrics?.token !== undefined && site.metrics.port === undefined) {
    app.get('/metrics', metricsPage(services, measures, site.metrics.token));
  }

  const errors = errorPages(services, renderer);
  app.use(noticeSilence(services, errors));
  app.use(wholeAnswers());
  app.use(sessions(services.sessionStore, services.keyring, secure));
  app.use(beginVisit(services));
  app.use('/admin/people/import', express.urlencoded({ extended: false, limit: LARGEST_IMPORT }));
  app.use(express.urlencoded({ extended: false, limit: LARGEST_BODY }));

  const addPage = pagesOn(app, requireCsrf(site.baseUrl));
  const pages: PageServices = { ...services, guards: guards(services), renderer };
  homePages(addPage, pages);
  signInPages(addPage, pages);
  accountPages(addPage, pages);
  stepUpPages(addPage, pages);
  profilePages(addPage, pages);
  signInListPages(addPage, pages);
  twoFactorPages(addPage, pages);
  adminPages(addPage, pages);
  helpPages(addPage, pages);

  app.use(noSuchPage);
  app.use(errors);
  return app;
}

/** The figures alone, for a port that the public does not reach; undefined where there is no such port. */
export function createMetricsApp(services: Services): Express | undefined {
  const { site, measures } = services;
  if (!measures || site.metrics?.port === undefined) return undefined;
  const app = express();
  app.disable('x-powered-by');
  app.disable('etag');
  app.get('/metrics', metricsPage(services, measures, site.metrics.token));
  return app;
}
