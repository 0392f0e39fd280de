import assert from 'node:assert/strict';
import express, { type ErrorRequestHandler, type Request } from 'express';
import request, { type Test } from 'supertest';
import { z } from 'zod';
import { loadWords } from '../../src/kernel/i18n.ts';
import { UTC } from '../../src/kernel/time-zone.ts';
import type { AuthState } from '../../src/web/auth-state.ts';
import { smallForms } from '../../src/web/bodies.ts';
import { addConfirmPage, addQuestionPage, type Preview, type Proposal } from '../../src/web/confirm-page.ts';
import type { RequestContext } from '../../src/web/context.ts';
import { CsrfRefused, csrfToken, requireToken } from '../../src/web/csrf.ts';
import { readFlash } from '../../src/web/flash.ts';
import { lineOfText, tick } from '../../src/web/forms.ts';
import type { Exchange, Handler } from '../../src/web/guards.ts';
import type { Page } from '../../src/web/rendering.ts';
import { pagesOn } from '../../src/web/routes.ts';
import { sessions } from '../../src/web/session.ts';
import { sessionServices } from '../support/memory-sessions.ts';

const context = { words: loadWords().for('en', UTC), now: 0 } as RequestContext;
const form = z.object({
  size: lineOfText('group.name-missing', 80),
  loud: tick(),
});

/** What each request adds to the responses: the page as the renderer got it, with a token for its form. */
interface Shown extends Page {
  readonly token: string;
}

/** A site with one thing that has a size and a revision. A size from "10" on has to be confirmed. */
class Site {
  size = '1';
  revision = 1;
  isGone = false;
  /** Runs between the check of the first request and its write. */
  beforeLock = async (): Promise<void> => {};
  #lock: Promise<unknown> = Promise.resolve();
  readonly #app = express();
  readonly browser = request.agent(this.#app);

  constructor() {
    this.#app.use(sessions(sessionServices(), false));
    this.#app.use(smallForms);
    this.#app.use((incoming, _response, next) => {
      incoming.context = context;
      next();
    });
    const { addPage } = pagesOn(this.#app, [requireToken]);
    const services = { renderer: { show }, clock: () => 0 } as unknown as Parameters<
      typeof addConfirmPage
    >[1];
    const guard = (handle: Handler<AuthState>) => async (incoming: Request, response: express.Response) =>
      handle({ who: { kind: 'anonymous', context }, request: incoming, response });
    const load = async ({ request: { params }, response }: Exchange) => {
      if (!this.isGone) return { id: String(params['id']) };
      response.redirect(303, '/gone');
      return undefined;
    };
    addConfirmPage(addPage, services, {
      ...{ path: '/things/:id/edit', confirmPath: '/things/:id/confirm', guard, load, schema: form },
      values: () => ({ size: this.size }),
      view: () => ({ view: 'form', title: 'Form' }),
      propose: async ({ size, loud }) => {
        if (size === this.size) return { goTo: DONE, flash: { key: 'policy.unchanged', kind: 'info' } };
        if (size === '99') return { errors: [{ field: 'size', key: 'group.name-taken' }] };
        return this.#proposal(`${size}${loud ? '!' : ''}`);
      },
    });
    addConfirmPage(addPage, services, {
      ...{ path: '/volume', guard, schema: z.object({ loud: tick() }) },
      view: () => ({ view: 'form', title: 'Form' }),
      propose: async ({ loud }) => this.#proposal(loud ? 'loud' : 'quiet'),
    });
    addQuestionPage(addPage, services, {
      ...{ path: '/things/:id/delete', guard, load },
      propose: async () => this.#proposal('0'),
    });
    const refuse: ErrorRequestHandler = (error, _request, response, _next) => {
      response.sendStatus(error instanceof CsrfRefused ? 403 : 500);
    };
    this.#app.use(refuse);
  }

  #proposal(size: string): Proposal {
    const apply = async () => {
      if (size === '77') return { errors: [{ field: 'size', key: 'group.name-taken' }] } as const;
      this.size = size;
      this.revision += 1;
      return { goTo: DONE, flash: { key: 'group.saved', kind: 'success' } } as const;
    };
    return {
      needsConfirming: async () => size.length > 1,
      preview: async (): Promise<Preview> => ({
        ...{ view: 'preview', title: `${this.size} → ${size}`, staleNotice: 'preview.stale' },
        revision: String(this.revision),
      }),
      apply,
      applyIfUnchanged: async (revision) => {
        await this.beforeLock();
        const outcome = this.#lock.then(async () =>
          revision === String(this.revision) ? apply() : ('stale' as const),
        );
        this.#lock = outcome;
        return outcome;
      },
    };
  }

  /** Opens a page, and returns it with the token of its form. */
  async opens(path: string): Promise<Shown> {
    const { status, body } = await this.browser.get(path);
    assert.equal(status, 200, path);
    return body;
  }

  /** Sends a form with its token; a list of values is an array, as two fields of one name. */
  sends({ token }: Shown, path: string, fields: Readonly<Record<string, string | readonly string[]>>): Test {
    return this.browser
      .post(path)
      .type('form')
      .send({ ...fields, _csrf: token });
  }

  /** Fills in the form and continues to its preview. */
  async previews(fields: Readonly<Record<string, string>>): Promise<Shown> {
    const answer = await this.sends(await this.opens(EDIT), EDIT, fields);
    assert.deepEqual([answer.status, answer.get('location')], [303, CONFIRM]);
    return this.opens(CONFIRM);
  }
}

const DONE = '/things';
const EDIT = '/things/a%20b/edit';
const CONFIRM = '/things/a%20b/confirm';
const DELETE = '/things/a%20b/delete';

/** Responds with the page, its model and the session's notice as JSON. */
async function show(incoming: Request, response: express.Response, page: Page): Promise<void> {
  const token = csrfToken(incoming, response);
  const flashed = readFlash(incoming, DONE)?.key;
  const status = page.status ?? (page.form && page.form.errors.length > 0 ? 422 : 200);
  response.status(status).json({ ...page, token, flashed });
}

const hidden = ({ model }: Page): Record<string, string> => Object(model)['question']?.hidden;

describe('a page with a confirmed change', () => {
  let site: Site;

  beforeEach(() => {
    site = new Site();
  });

  it('applies a small change at once, and reports it on the next page', async () => {
    const answer = await site.sends(await site.opens(EDIT), EDIT, { size: '2' });
    assert.deepEqual([answer.status, answer.get('location')], [303, DONE]);
    assert.equal(site.size, '2');
    assert.equal(Object(await site.opens(EDIT)).flashed, 'group.saved');
  });

  it('shows the form again with its errors, from the schema and from the proposal', async () => {
    const page = await site.opens(EDIT);
    for (const size of ['', '99']) {
      const answer = await site.sends(page, EDIT, { size });
      assert.equal(answer.status, 422);
      assert.equal(answer.body.view, 'form');
    }
    assert.equal(site.revision, 1);
  });

  it('previews a large change with the submitted values, and writes nothing', async () => {
    const preview = await site.previews({ size: '10', loud: 'on' });
    assert.equal(preview.title, '1 → 10!');
    assert.deepEqual(Object(preview.model)['question'], {
      action: CONFIRM,
      hidden: { size: '10', loud: 'on', revision: '1' },
    });
    assert.equal(site.revision, 1);
  });

  it('makes the previewed change', async () => {
    const preview = await site.previews({ size: '10' });
    const answer = await site.sends(preview, CONFIRM, hidden(preview));
    assert.deepEqual([answer.status, answer.get('location')], [303, DONE]);
    assert.equal(site.size, '10');
    const again = await site.browser.get(CONFIRM);
    assert.deepEqual([again.status, again.get('location')], [303, EDIT], 'nothing is left to confirm');
  });

  it('writes nothing if something else was decided, shows the new preview, and accepts that', async () => {
    const preview = await site.previews({ size: '10' });
    Object.assign(site, { size: '5', revision: 2 });
    const stale = await site.sends(preview, CONFIRM, hidden(preview));
    assert.equal(stale.status, 409);
    assert.equal(stale.body.title, '5 → 10');
    assert.equal(stale.body.notice.kind, 'warning');
    assert.equal(site.size, '5');
    await site.sends(stale.body, CONFIRM, hidden(stale.body));
    assert.equal(site.size, '10');
  });

  it('accepts no other revision than the one that it showed, of any shape', async () => {
    const preview = await site.previews({ size: '10' });
    const { revision: _shown, ...values } = hidden(preview);
    for (const revision of [['1', '1'], '', '2', '1'.repeat(9_999)]) {
      const answer = await site.sends(preview, CONFIRM, { ...values, revision });
      assert.equal(answer.status, 409);
    }
    const former = await site.sends(preview, CONFIRM, { ...values, basis: '1' });
    assert.equal(former.status, 409, 'a page from before a deployment, with a field of another name');
    assert.equal(site.revision, 1);
  });

  it('shows the form if a value of the preview was changed into one that the form refuses', async () => {
    const preview = await site.previews({ size: '10' });
    for (const size of ['', ['10', '11']]) {
      const answer = await site.sends(preview, CONFIRM, { ...hidden(preview), size });
      assert.deepEqual([answer.status, answer.body.view], [422, 'form']);
    }
    assert.equal(site.revision, 1);
  });

  it('shows the form with the error if the change is no longer possible', async () => {
    const preview = await site.previews({ size: '77' });
    const answer = await site.sends(preview, CONFIRM, hidden(preview));
    assert.deepEqual([answer.status, answer.body.view], [422, 'form']);
    assert.deepEqual(answer.body.form.values, { size: '77' });
  });

  it('redirects to the form if no values wait for the preview', async () => {
    const answer = await site.browser.get(CONFIRM);
    assert.deepEqual([answer.status, answer.get('location')], [303, EDIT]);
    await site.previews({ size: '10' });
    const other = await site.browser.get('/things/c/confirm');
    assert.deepEqual([other.status, other.get('location')], [303, '/things/c/edit'], 'of another thing');
  });

  it('previews a form with only unticked boxes, and redirects to it if it was not sent', async () => {
    const before = await site.browser.get('/volume/confirm');
    assert.deepEqual([before.status, before.get('location')], [303, '/volume']);
    const answer = await site.sends(await site.opens('/volume'), '/volume', {});
    assert.equal(answer.get('location'), '/volume/confirm');
    const preview = await site.opens('/volume/confirm');
    assert.equal(preview.title, '1 → quiet');
    assert.deepEqual(hidden(preview), { revision: '1' });
  });

  it('asks nothing if somebody else has already made the same change', async () => {
    const preview = await site.previews({ size: '10' });
    Object.assign(site, { size: '10', revision: 2 });
    const answer = await site.sends(preview, CONFIRM, hidden(preview));
    assert.deepEqual([answer.status, answer.get('location')], [303, DONE]);
    assert.equal(site.revision, 2);
  });

  it('reads its subject once more before it asks again', async () => {
    const preview = await site.previews({ size: '10' });
    site.beforeLock = async () => {
      Object.assign(site, { isGone: true, revision: 2 });
    };
    const answer = await site.sends(preview, CONFIRM, hidden(preview));
    assert.deepEqual([answer.status, answer.get('location')], [303, '/gone']);
  });

  it('makes the change once for twenty concurrent requests', async () => {
    const preview = await site.previews({ size: '10' });
    const all = Promise.withResolvers<void>();
    let waiting = 0;
    site.beforeLock = async () => {
      waiting += 1;
      if (waiting === 20) all.resolve();
      await all.promise;
    };
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => site.sends(preview, CONFIRM, hidden(preview))),
    );
    assert.equal(site.revision, 2, 'written once');
    // The others find that their change has been made.
    assert.deepEqual(new Set(answers.map(({ status }) => status)), new Set([303]));
  });

  it('does nothing without a token', async () => {
    const preview = await site.previews({ size: '10' });
    const answer = await site.sends({ ...preview, token: 'x' }, CONFIRM, hidden(preview));
    assert.equal(answer.status, 403);
    assert.equal(site.revision, 1);
  });
});

describe('a page that confirms a change without values', () => {
  let site: Site;

  beforeEach(() => {
    site = new Site();
  });

  it('changes nothing by a GET, and changes what it showed by its POST', async () => {
    const page = await site.opens(DELETE);
    assert.deepEqual(Object(page.model)['question'], { action: DELETE, hidden: { revision: '1' } });
    assert.equal(site.revision, 1);
    const answer = await site.sends(page, DELETE, hidden(page));
    assert.equal(answer.status, 303);
    assert.equal(site.size, '0');
  });

  it("asks again after somebody else's change", async () => {
    const page = await site.opens(DELETE);
    Object.assign(site, { size: '5', revision: 2 });
    const stale = await site.sends(page, DELETE, hidden(page));
    assert.deepEqual([stale.status, stale.body.title, site.size], [409, '5 → 0', '5']);
    await site.sends(stale.body, DELETE, hidden(stale.body));
    assert.equal(site.size, '0');
  });

  it('asks again for one of two concurrent requests', async () => {
    const page = await site.opens(DELETE);
    const answers = await Promise.all([1, 2].map(() => site.sends(page, DELETE, hidden(page))));
    assert.deepEqual(answers.map(({ status }) => status).sort(), [303, 409]);
    assert.equal(site.revision, 2);
  });
});
