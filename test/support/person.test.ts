import assert from 'node:assert/strict';
import express, { type Express } from 'express';
import type { FormView } from '../../src/web/forms.ts';
import { Views } from '../../src/web/views.ts';
import { Person } from './person.ts';

describe('a person at a text browser', () => {
  it('fills in by label and sends every field of the form, with the button pressed', async () => {
    const ann = await opened(`
      <form method="post" action="/echo?from=form">
        <input type="hidden" name="_csrf" value="token">
        <label for="e">Email</label><input id="e" name="email" type="email">
        <label>Note <textarea name="note">kept</textarea></label>
        <label for="l">Language</label>
        <select id="l" name="locale"><option value="en">English</option><option value="ar">العربية</option></select>
        <fieldset><legend>Rule</legend>
          <label><input type="radio" name="rule" value="off" checked> Off</label>
          <label><input type="radio" name="rule" value="on"> Mandatory</label></fieldset>
        <fieldset><legend>Methods</legend>
          <label><input type="checkbox" name="methods" value="app" checked> App</label>
          <label><input type="checkbox" name="methods" value="email" checked> Mail</label>
          <label><input type="checkbox" name="methods" value="key"> Key</label></fieldset>
        <input name="off" value="x" disabled>
        <button name="what" value="other">Other</button>
        <button name="what" value="save">Save<span class="visually-hidden"> the policy</span></button>
      </form>`);
    ann.fillsIn('Email', 'ann@example.org');
    ann.chooses('العربية');
    ann.chooses('Mandatory', 'Rule');
    ann.chooses('Key');
    ann.unticks('App');
    assert.equal(ann.page.value('Rule'), 'on');
    assert.equal(ann.page.value('Methods'), 'email, key');
    await ann.presses('Save');
    assert.deepEqual(echoed(ann), {
      query: { from: 'form' },
      body: {
        _csrf: 'token',
        email: 'ann@example.org',
        note: 'kept',
        locale: 'ar',
        rule: 'on',
        methods: ['email', 'key'],
        what: 'save',
      },
    });
  });

  it('sends a form without a method as a query', async () => {
    const ann = await opened(
      '<form action="/echo?old=1"><label>Search <input name="q"></label><button>Find</button></form>',
    );
    ann.fillsIn('Search', 'a & b');
    await ann.presses('Find');
    assert.deepEqual(echoed(ann), { query: { q: 'a & b' }, body: {} });
  });

  it('names the existing ones if there is no such label, choice, button or link, or more than one', async () => {
    const ann =
      await opened(`<form><label for="a">A</label><input id="a"><label>B <input></label><label>B <input></label>
      <label>C <input type="checkbox"></label><button>Go</button></form><a href="/x">There</a><label for="gone">D</label>`);
    assert.throws(() => ann.fillsIn('E', ''), /no "E" among the labels: "A", "B", "B", "C"\.$/);
    assert.throws(() => ann.fillsIn('D', ''), /no "D"/, 'a label that points nowhere names nothing');
    assert.throws(() => ann.fillsIn('B', ''), /2 of "B"/);
    assert.throws(() => ann.fillsIn('C', ''), /not a field/);
    assert.throws(() => ann.chooses('A'), /no "A" among the choices: "C"/);
    assert.throws(() => ann.form('Stop'), /no "Stop" among the buttons: "Go"/);
    await assert.rejects(ann.follow('Here'), /no "Here" among the links: "There"/);
  });

  it('is limited by maxlength and pastes one line into a single-line field', async () => {
    const ann = await opened('<label>Code <input maxlength="6"></label><label>Any <input></label>');
    ann.fillsIn('Code', '123 456');
    ann.fillsIn('Any', '12\n3');
    assert.equal(ann.page.value('Code'), '123 45');
    assert.equal(ann.page.value('Any'), '123');
  });

  it('follows redirects with GET, keeps cookies (also Secure ones), and records the way', async () => {
    const ann = await opened('<form method="post" action="/hop/2"><button>Hop</button></form>');
    await ann.presses('Hop');
    assert.deepEqual(ann.trail, [
      'GET / 200',
      'POST /hop/2 303',
      'GET /hop/1 303',
      'GET /hop/0 303',
      'GET /echo 200',
    ]);
    assert.equal(ann.page.path, '/echo');
    assert.deepEqual([...ann.cookies], [['__Host-hops', '0']]);
    assert.equal((await ann.visits('/cookie')).text, '__Host-hops=0');
    await ann.visits('/forget');
    assert.equal(ann.cookies.size, 0);
  });

  it('gives up after ten redirects, and stays at a redirect to another site', async () => {
    const ann = new Person(site(''));
    await assert.rejects(ann.visits('/hop/20'), /Too many redirects/);
    await ann.visits('/away');
    assert.equal(ann.page.status, 303);
    assert.equal(ann.page.headers['location'], '//elsewhere.example/x');
    await assert.rejects(ann.visits('https://elsewhere.example/x'), /leads away/);
  });

  it('reads visible text only', async () => {
    const ann =
      await opened(`<h1>My <em>Pro</em>file</h1><p>One</p><p>Two<br>three</p><script>no</script><style>no</style>
      <p hidden>no</p><input type="hidden" value="no"><select><option>no</option></select><img src="q" alt="A picture"> <a href="/x">Edit<span
      class="visually-hidden"> – Phone</span></a>`);
    assert.equal(ann.page.heading, 'My Profile');
    assert.equal(ann.page.text, 'My Profile One Two three A picture Edit – Phone');
    assert.equal(ann.page.notice, undefined);
    assert.deepEqual(ann.page.errors, []);
  });

  it('reads errors and notices in their partials', async () => {
    const form = {
      values: { email: 'ann' },
      errors: [
        { field: 'email', message: 'Not an address.' },
        { field: 'rule', message: 'Choose one.' },
      ],
    };
    const ann = await opened(
      partial('error-summary', { form }),
      partial('notice', { form, kind: 'success', text: 'It is done.' }),
      partial('field', { form, name: 'email', label: 'Email', hint: 'Yours' }),
      partial('choice', {
        form,
        name: 'rule',
        legend: 'Rule',
        type: 'radio',
        options: [{ value: 'a', label: 'Off' }],
      }),
      partial('code-field', { form }),
    );
    assert.deepEqual(ann.page.errors, ['Not an address.', 'Choose one.']);
    assert.equal(ann.page.notice, 'It is done.');
    assert.equal(ann.page.noticeKind, 'success');
    assert.equal(ann.page.errorAt('Email'), 'Not an address.');
    assert.equal(ann.page.errorAt('Rule'), 'Choose one.');
    assert.equal(ann.page.errorAt('page.verification-code'), '');
    assert.equal(ann.page.value('Email'), 'ann');
  });

  it('races one submission without leaving the page, and can continue from a response', async () => {
    const ann = await opened('<form method="post" action="/once"><button>Take</button></form>');
    const answers = await ann.races(20, 'Take');
    const won = answers.filter(({ status }) => status === 303);
    assert.equal(won.length, 1);
    assert.equal(ann.page.path, '/');
    assert.equal(ann.cookies.size, 0);
    const [winner] = won;
    assert.ok(winner);
    await ann.goesOnFrom(winner);
    assert.equal(ann.page.path, '/echo');
    assert.equal(ann.cookies.get('won'), 'yes');
  });

  it('sends what no page would send, with its own token, another, or none', async () => {
    const ann = await opened('<form method="post"><input type="hidden" name="_csrf" value="t"></form>');
    const body = async (csrf?: string) =>
      JSON.parse(
        (await ann.submitsRaw('POST', '/echo', { code: ['a', 'b'] }, { ...(csrf && { csrf }) })).html,
      ).body;
    assert.deepEqual(await body(), { _csrf: 't', code: ['a', 'b'] });
    assert.deepEqual(await body('stale'), { _csrf: 'stale', code: ['a', 'b'] });
    assert.deepEqual(await body('none'), { code: ['a', 'b'] });
    assert.equal(ann.page.path, '/');
  });

  it('copies its cookies and filled-in values into a second browser, which is independent from then on', async () => {
    const ann = await opened(
      '<form method="post" action="/echo"><label>Code <input name="code"></label><button>Go</button></form>',
    );
    ann.cookies.set('a', '1');
    ann.fillsIn('Code', '1');
    const twin = ann.copy();
    twin.fillsIn('Code', '2');
    twin.cookies.set('a', '2');
    assert.equal(ann.page.value('Code'), '1');
    assert.equal(ann.cookies.get('a'), '1');
    await twin.presses('Go');
    assert.deepEqual(echoed(twin), { query: {}, body: { code: '2' } });
    assert.equal(ann.page.path, '/');
  });

  it('sends its origin and language, and loads pictures as bytes', async () => {
    const options = {
      acceptLanguage: 'ar',
      address: '203.0.113.9',
      userAgent: 'w3m/0.5',
      headers: { 'Sec-Fetch-Site': 'none' },
    };
    const ann = new Person(site(''), options);
    await ann.visits('/headers');
    assert.deepEqual(JSON.parse(ann.page.html), ['text/html', 'ar', '203.0.113.9', 'w3m/0.5', 'none']);
    assert.deepEqual((await ann.loads('/bytes')).body, Buffer.from([0x89, 0xff, 0x00]));
    assert.equal(ann.page.path, '/headers');
  });
});

async function opened(...html: string[]): Promise<Person> {
  const person = new Person(site(html.join('\n')));
  await person.visits('/');
  return person;
}

function echoed(person: Person): unknown {
  return JSON.parse(person.page.html);
}

function site(html: string): Express {
  const app = express();
  let taken = false;
  app.use(express.urlencoded({ extended: false }));
  app.get('/', (_request, response) => void response.send(`<!doctype html><title>x</title>${html}`));
  app.all(
    '/echo',
    (request, response) => void response.json({ query: request.query, body: request.body ?? {} }),
  );
  app.all('/hop/:left', ({ params }, response) => {
    const left = Number(params.left);
    response.cookie('__Host-hops', String(left), { secure: true, path: '/', maxAge: 1000 });
    response.redirect(303, left > 0 ? `/hop/${left - 1}` : 'http://localhost:3000/echo');
  });
  app.get('/cookie', (request, response) => void response.send(request.get('cookie')));
  app.get(
    '/forget',
    (_request, response) => void response.clearCookie('__Host-hops', { path: '/' }).send(''),
  );
  app.get('/away', (_request, response) => void response.redirect(303, '//elsewhere.example/x'));
  app.post('/once', (_request, response) => {
    const isFirst = !taken;
    taken = true;
    response.cookie('won', isFirst ? 'yes' : 'no');
    if (isFirst) response.redirect(303, '/echo');
    else response.status(422).send('too late');
  });
  app.get('/headers', (request, response) => {
    const names = ['accept', 'accept-language', 'x-forwarded-for', 'user-agent', 'sec-fetch-site'];
    response.json(names.map((name) => request.get(name)));
  });
  app.get('/bytes', (_request, response) => void response.type('png').send(Buffer.from([0x89, 0xff, 0x00])));
  return app;
}

/** A partial of the site, with its form and its variables; texts are shown as their keys. */
function partial(name: string, { form, ...given }: { form: FormView } & Record<string, unknown>): string {
  const views = new Views({
    t: (key: string) => key,
    rich: (_key: string, { message }: { message: string }) => message,
    form,
    errorsOf: (field: string) => form.errors.filter((error) => error.field === field),
  });
  return views.render(`/partials/${name}`, given);
}
