import assert from 'node:assert/strict';
import path from 'node:path';
import express, { type ErrorRequestHandler, type RequestHandler } from 'express';
import { z } from 'zod';
import { loadWords } from '../../src/kernel/i18n.ts';
import { minutes, seconds } from '../../src/kernel/time.ts';
import { UTC } from '../../src/kernel/time-zone.ts';
import { DEFAULT_SETTINGS } from '../../src/settings/settings.ts';
import { loadAssets } from '../../src/web/assets.ts';
import type { AuthState } from '../../src/web/auth-state.ts';
import { smallForms } from '../../src/web/bodies.ts';
import type { RequestContext } from '../../src/web/context.ts';
import { requireToken } from '../../src/web/csrf.ts';
import { flashSubmitted } from '../../src/web/flash.ts';
import { addAction, addFormPage } from '../../src/web/form-page.ts';
import { lineOfText, sixDigits, tick, typedPassword } from '../../src/web/forms.ts';
import type { Handler } from '../../src/web/guards.ts';
import { returnPathOf } from '../../src/web/paths.ts';
import { Renderer } from '../../src/web/rendering.ts';
import { pagesOn } from '../../src/web/routes.ts';
import { sessions } from '../../src/web/session.ts';
import { sessionServices } from '../support/memory-sessions.ts';
import { Person } from '../support/person.ts';

const NAME = '/profile/name';
const words = loadWords().for('en', UTC);
const assets = loadAssets(path.join(import.meta.dirname, '../../public'));

/** A site with minimal form pages, with the real renderer, sessions and CSRF check. */
class Site {
  now = Date.UTC(2030, 0, 1);
  name = 'Ann';
  steppedUp = true;
  /** The arguments of `submit`. */
  readonly submitted: unknown[] = [];
  readonly app = express();

  constructor() {
    const mails = { late: async () => undefined };
    const logoutReports = { late: async () => [] };
    const services = { site: { helpCenterUrl: undefined }, mails, logoutReports };
    const pages = { renderer: new Renderer(services, assets) };
    this.app.use(sessions(sessionServices(), false));
    this.app.use(smallForms);
    this.app.use((incoming, _response, next) => {
      incoming.context = { words, now: this.now, settings: DEFAULT_SETTINGS } as RequestContext;
      next();
    });
    const { addPage } = pagesOn(this.app, [requireToken]);
    const guard = this.#guard;

    addFormPage(addPage, pages, {
      path: NAME,
      guard,
      schema: z.object({ name: lineOfText('error.own-name-missing', 80), loud: tick() }),
      values: () => ({ name: this.name }),
      view: (_exchange, errors) => ({ view: 'profile/name', title: `Name, ${errors.length} errors` }),
      submit: async (values) => {
        this.submitted.push(values);
        if (values.name === 'Wait')
          return { errors: [{ field: 'name', key: 'sign-in.throttled', wait: seconds(90) - 1 }] };
        if (values.name === 'Check')
          return { errors: [], notice: { kind: 'info', text: 'It can be taken.' }, model: { more: 1 } };
        if (values.name === 'Bob') return { errors: [{ field: 'name', key: 'group.name-taken' }] };
        this.name = values.name;
        return { goTo: NAME, flash: { key: 'profile.name-changed', kind: 'success' } };
      },
    });

    addFormPage(addPage, pages, {
      path: '/profile/password',
      guard,
      schema: z.object({ password: typedPassword(), newPassword: typedPassword(), code: sixDigits() }),
      view: () => ({
        view: 'profile/password',
        title: 'Password',
        model: { passwordRule: { least: 12, count: 256 }, address: 'ann@example.org' },
      }),
      submit: async () => ({ errors: [{ field: 'password', key: 'step-up.refused' }] }),
    });

    addFormPage(addPage, pages, {
      path: '/step-up',
      guard,
      schema: z.object({ password: typedPassword() }),
      keeps: [],
      values: () => ({ returnTo: 'an initial value' }),
      hidden: (request) => ({ returnTo: returnPathOf(request) }),
      view: () => ({ view: 'step-up/password', title: 'Step-up', model: { email: 'ann@example.org' } }),
      submit: async () => ({ errors: [{ field: 'password', key: 'step-up.refused' }] }),
    });

    addFormPage(addPage, pages, {
      path: '/things/:id',
      guard,
      load: async ({ request: { params }, response }) => {
        if (params['id'] !== 'gone') return { id: String(params['id']) };
        response.redirect(303, NAME);
        return undefined;
      },
      schema: ({ id }) => z.object(id === 'mute' ? {} : { name: lineOfText('error.own-name-missing', 80) }),
      keeps: [],
      placeErrors: (errors) => errors.map((error) => ({ ...error, field: 'elsewhere' })),
      view: ({ subject }) => ({ view: 'profile/name', title: subject.id }),
      submit: async (values) => {
        this.submitted.push(values);
        return { errors: [{ field: 'name', key: 'group.name-taken' }] };
      },
    });

    addAction(addPage, {
      path: '/profile/name/forget',
      guard,
      formPath: () => NAME,
      act: async () => {
        this.submitted.push('forget');
        return { goTo: NAME, flash: { key: 'sign-ins.others-ended', kind: 'success', values: { count: 2 } } };
      },
    });

    addAction(addPage, {
      path: '/profile/name/remind',
      guard,
      formPath: () => NAME,
      act: async () => ({ goTo: NAME, keepsForm: true, flash: { key: 'code.sent', kind: 'success' } }),
    });

    const refuse: ErrorRequestHandler = (error, _request, response, _next) => {
      const status = { CsrfRefused: 403, MethodNotAllowed: 405 }[String(error.constructor.name)];
      response.status(status ?? error.status ?? 500).send(String(error));
    };
    this.app.use(refuse);
  }

  /** Lets everybody in; without a step-up, keeps the form and redirects, as the real guards do. */
  readonly #guard = (handler: Handler<AuthState>): RequestHandler => {
    return async (incoming, response) => {
      const context = incoming.context as RequestContext;
      if (this.steppedUp)
        return handler({ who: { kind: 'anonymous', context }, request: incoming, response });
      if (incoming.method === 'POST') flashSubmitted(incoming);
      response.redirect(303, '/step-up');
    };
  };
}

describe('a form page', () => {
  let site: Site;
  let ann: Person;

  beforeEach(async () => {
    site = new Site();
    ann = new Person(site.app);
    await ann.visits(NAME);
  });

  /** Fills in the name and presses "Save". */
  async function saves(name: string): Promise<void> {
    ann.fillsIn('Your name', name);
    await ann.presses('Save');
  }

  /** Sends the open page's token with these fields, and returns the response without following it. */
  const posts = (fields: Readonly<Record<string, string | readonly string[]>>, to = NAME) =>
    ann.submitsRaw('POST', to, fields);

  it('shows its values on GET and submits nothing', () => {
    assert.equal(ann.page.value('Your name'), 'Ann');
    assert.equal(ann.page.status, 200);
    assert.deepEqual(site.submitted, []);
  });

  it('passes the parsed values to submit, responds with 303, and reports once on the next page what was done', async () => {
    const answer = await posts({ name: '  Eve ', other: 'x' });
    assert.deepEqual([answer.status, answer.headers['location']], [303, NAME]);
    assert.deepEqual(site.submitted, [{ name: 'Eve' }]);
    await ann.visits(NAME);
    assert.deepEqual([ann.page.notice, ann.page.noticeKind], ['Your name has been changed.', 'success']);
    assert.equal(ann.page.value('Your name'), 'Eve');
    site.now += minutes(2);
    await ann.visits(NAME);
    assert.equal(ann.page.notice, undefined);
  });

  it('shows the form again with 422 and the submitted values, after an error of the schema', async () => {
    await saves('  ');
    assert.equal(ann.page.status, 422);
    assert.deepEqual(ann.page.errors, ['Enter your name.']);
    assert.equal(ann.page.errorAt('Your name'), 'Enter your name.');
    assert.match(ann.page.title, /^Error: /);
    assert.equal(ann.page.value('Your name'), '  ');
    assert.deepEqual(site.submitted, []);
  });

  it('does the same after an error of submit, and drops the message of an earlier success', async () => {
    await saves('Eve');
    await saves('Bob');
    assert.equal(ann.page.status, 422);
    assert.equal(ann.page.errorAt('Your name'), 'There is already a group with this name.');
    assert.equal(ann.page.value('Your name'), 'Bob');
    assert.equal(ann.page.notice, undefined);
    assert.equal(site.name, 'Eve');
  });

  it('responds with 429 and Retry-After in whole seconds if an error says to wait', async () => {
    await saves('Wait');
    assert.equal(ann.page.status, 429);
    assert.equal(ann.page.headers['retry-after'], '90');
    assert.match(ann.page.errors.join(), /Wait 2 minutes/);
  });

  it('shows the form again with 200 if submit has something to say first', async () => {
    await saves('Check');
    assert.equal(ann.page.status, 200);
    assert.deepEqual([ann.page.notice, ann.page.noticeKind], ['It can be taken.', 'info']);
    assert.equal(ann.page.value('Your name'), 'Check');
  });

  it('has hidden fields of the request, whatever was typed: on the page, and again after errors', async () => {
    const returnTo = () => ann.page.$('input[name=returnTo]').attr('value');
    await ann.visits('/step-up?return-to=%2Fprofile%2Fname');
    assert.equal(returnTo(), NAME);
    for (const password of ['', 'wrong']) {
      ann.fillsIn('Password', password);
      await ann.presses('Continue');
      assert.deepEqual([ann.page.status, returnTo()], [422, NAME]);
    }
    await ann.visits('/step-up?return-to=https%3A%2F%2Felsewhere.example');
    assert.equal(returnTo(), '/');
  });

  it('passes the errors to its view', async () => {
    assert.equal(ann.page.heading, 'Name, 0 errors');
    await saves('');
    assert.equal(ann.page.heading, 'Name, 1 errors');
  });

  it('accepts no array, no object and no field of a megabyte', async () => {
    assert.equal((await posts({ name: ['Eve', 'Eve'] })).status, 422);
    assert.equal((await posts({ 'name[x]': 'Eve' })).status, 422);
    assert.equal((await posts({ name: 'x'.repeat(1_000_000) })).status, 413);
    assert.deepEqual(site.submitted, []);
  });

  it('is not submitted without its token, nor by another method', async () => {
    assert.equal((await ann.submitsRaw('POST', NAME, { name: 'Eve' }, { csrf: 'x' })).status, 403);
    assert.equal(
      (await new Person(site.app).submitsRaw('POST', NAME, { name: 'Eve' }, { csrf: 'none' })).status,
      403,
    );
    assert.equal((await ann.submitsRaw('PUT', NAME, { name: 'Eve' })).status, 405);
    assert.deepEqual(site.submitted, []);
  });

  it('has the values from before a step-up in its fields, until a form is accepted', async () => {
    site.steppedUp = false;
    assert.equal((await posts({ name: 'Eve' })).headers['location'], '/step-up');
    assert.deepEqual(site.submitted, []);
    site.steppedUp = true;
    await ann.visits(NAME);
    assert.equal(ann.page.value('Your name'), 'Eve');
    await ann.presses('Save');
    site.name = 'Ann';
    await ann.visits(NAME);
    assert.equal(ann.page.value('Your name'), 'Ann');
  });

  it('never shows passwords and codes again, and does not keep them during a step-up', async () => {
    await ann.visits('/profile/password');
    const secrets = { password: 'first secret', newPassword: 'second secret', code: '123456' };
    const answer = await posts(secrets, '/profile/password');
    assert.equal(answer.status, 422);
    site.steppedUp = false;
    await posts(secrets, '/profile/password');
    site.steppedUp = true;
    const shown = await ann.visits('/profile/password');
    for (const html of [answer.html, shown.html])
      assert.doesNotMatch(html, /first secret|second secret|123456/);
  });

  it('lets load respond in its place, on GET and POST', async () => {
    assert.equal((await ann.loads('/things/gone')).headers['location'], NAME);
    assert.equal((await posts({ name: 'Eve' }, '/things/gone')).headers['location'], NAME);
    assert.deepEqual(site.submitted, []);
  });

  it('has the fields of its subject, and shows errors at the fields that it assigns them to', async () => {
    await posts({ name: 'Eve' }, '/things/mute');
    const answer = await posts({ name: 'Eve' }, '/things/one');
    assert.deepEqual(site.submitted, [{}, { name: 'Eve' }]);
    assert.equal(answer.heading, 'one');
    assert.match(answer.html, /href="#elsewhere"/);
  });

  it('does not show again, and does not keep, a value that it does not declare as kept', async () => {
    const answer = await posts({ name: 'Eve' }, '/things/one');
    assert.doesNotMatch(answer.html, /Eve/);
    site.steppedUp = false;
    await posts({ name: 'Eve' }, '/things/one');
    site.steppedUp = true;
    assert.doesNotMatch((await ann.visits('/things/one')).html, /Eve/);
  });
});

describe('an action', () => {
  it('does one thing and redirects, and has no page of its own', async () => {
    const site = new Site();
    const ann = new Person(site.app);
    await ann.visits(NAME);
    const path = `${NAME}/forget`;
    assert.equal((await ann.loads(path)).status, 405);
    assert.equal((await ann.submitsRaw('POST', path, {}, { csrf: 'x' })).status, 403);
    assert.deepEqual(site.submitted, []);
    const answer = await ann.submitsRaw('POST', path, {});
    assert.deepEqual([answer.status, answer.headers['location']], [303, NAME]);
    assert.deepEqual(site.submitted, ['forget']);
    await ann.visits(NAME);
    assert.match(ann.page.notice ?? '', /2/);
  });

  it('drops what is kept for a form, unless it says that this is to stay', async () => {
    const site = new Site();
    const ann = new Person(site.app);
    await ann.visits(NAME);
    site.steppedUp = false;
    await ann.submitsRaw('POST', NAME, { name: 'Eve' });
    site.steppedUp = true;
    for (const [path, kept] of [
      ['remind', 'Eve'],
      ['forget', site.name],
    ]) {
      await ann.submitsRaw('POST', `${NAME}/${path}`, {});
      await ann.visits(NAME);
      assert.notEqual(ann.page.notice, undefined);
      assert.equal(ann.page.value('Your name'), kept);
    }
  });
});
