import assert from 'node:assert/strict';
import { parse } from 'csv-parse/sync';
import { createApp } from '../../src/app.ts';
import { hours, seconds } from '../../src/kernel/time.ts';
import { Adoption, FIGURE_IDS } from '../../src/policy/adoption.ts';
import type { Group } from '../../src/policy/group.ts';
import type { PolicyReport } from '../../src/policy/report.ts';
import { requiredEnrolment } from '../../src/policy/requirements.ts';
import { siteRule } from '../../src/settings/settings.ts';
import type { Person } from '../support/person.ts';
import { groupWith, siteRuleIs } from '../support/policies.ts';
import { OPERATOR, onPortal } from '../support/portal.ts';
import { quickAccount } from '../support/quick-account.ts';
import { signsIn } from '../support/steps.ts';
import { enrolsApp, enrolsEmail } from '../support/victim.ts';

onPortal('Administration: adoption', (portal) => {
  let ada: Person;
  let agents: Group;

  before(async () => {
    await siteRuleIs(portal(), { rule: 'optional' });
    await portal().account('ada@example.org', 'administrator', 'Ada Admin');
    const [app, both, mail, none] = [
      await portal().account('app@example.org'),
      await portal().account('both@example.org', 'member', 'Both <b>Ways</b>'),
      await portal().account('mail@example.org'),
      await portal().account('none@example.org'),
    ];
    for (const account of [app, both]) await enrolsApp(portal(), account);
    for (const account of [both, mail]) await enrolsEmail(portal(), account);
    await portal().services.recoveryCodes.renew(app, OPERATOR);
    await quickAccount(portal(), { email: 'ina@example.org', name: 'Ina Invited', hasPassword: false });
    const disabled = await portal().account('disabled@example.org');
    await enrolsApp(portal(), disabled);
    await portal().services.accounts.disable(disabled.id, portal().now());
    const rule = { rule: 'mandatory', methods: ['app'], grace: { kind: 'days', days: 7 } } as const;
    agents = await groupWith(portal(), rule, [both, mail, none], 'Agents & <co>');
    await groupWith(portal(), { rule: 'off' }, [], 'Nobody yet');
  });

  beforeEach(async () => {
    ada = await signsIn(portal(), 'ada@example.org');
    await ada.visits('/admin/adoption');
  });

  const table = (index: number) => {
    const { $ } = ada.page;
    const one = $('table').eq(index);
    return one
      .find('tr')
      .toArray()
      .map((row) =>
        $(row)
          .children()
          .toArray()
          .map((cell) => $(cell).text().replace(/\s+/g, ' ').trim()),
      );
  };

  it('shows who has what, for everyone and for each group, in numbers and shares', () => {
    assert.equal(ada.page.heading, 'Adoption');
    assert.equal(ada.page.$('.tabs [aria-current=page]').text(), 'Adoption');
    const [app, mail] = ['Authentication App', 'Email Authentication'];
    assert.deepEqual(table(0), [
      ['Group', 'Can sign in', 'Several methods', `${app} only`, `${mail} only`, 'No 2FA'],
      ['Everyone', '5', '1 20%', '1 20%', '1 20%', '2 40%'],
      ['Agents & <co>', '3', '1 33.3%', '0 0%', '1 33.3%', '1 33.3%'],
      ['Nobody yet', '0', '0', '0', '0', '0'],
    ]);
    assert.deepEqual(table(1).slice(0, 2), [
      ['Group', app, mail, 'Recovery codes', 'Never signed in', 'Invited, not accepted'],
      ['Everyone', '2 40%', '2 40%', '1 20%', '4 80%', '1'],
    ]);
    assert.deepEqual(table(2).slice(0, 3), [
      ['Group', 'Required', 'Required, not set up', 'In grace period', 'Overdue'],
      ['Everyone', '3 60%', '2 40%', '2 40%', '0 0%'],
      ['Agents & <co>', '3 100%', '2 66.7%', '2 66.7%', '0 0%'],
    ]);
  });

  it('draws a bar of patterns for each, with the meaning as text, without any style or script', () => {
    const { $ } = ada.page;
    const bars = $('svg[role=img]').toArray();
    const said = (bar: (typeof bars)[number]) =>
      ($(bar).attr('aria-labelledby') ?? '').split(' ').map((id) => $(`#${id}`).text());
    assert.deepEqual(bars.map(said), [
      [
        'Everyone',
        '5 people can sign in. Several methods: 1 (20%), Authentication App only: 1 (20%), Email Authentication only: 1 (20%), ' +
          'No 2FA: 2 (40%).',
      ],
      [
        'Agents & <co>',
        '3 people can sign in. Several methods: 1 (33.3%), Authentication App only: 0 (0%), Email Authentication only: 1 (33.3%), ' +
          'No 2FA: 1 (33.3%).',
      ],
    ]);
    assert.equal($('.chart [style], .chart style, .chart script').length, 0);
    const fills = $(bars[0])
      .find('rect')
      .toArray()
      .map((rect) => [$(rect).attr('x'), $(rect).attr('width'), $(rect).attr('fill')]);
    assert.deepEqual(fills, [
      ['0%', '20%', 'currentcolor'],
      ['20%', '20%', 'url(#chart-stripes)'],
      ['40%', '20%', 'url(#chart-dots)'],
      ['60%', '40%', 'none'],
    ]);
    assert.match(ada.page.text, /Nobody yet\s*Nobody can sign in/);
  });

  it('starts its bars on the right in right-to-left languages', async () => {
    const arabic = await signsIn(portal(), 'ada@example.org');
    await portal().services.accounts.chooseLocale(
      (await portal().services.accounts.findByEmail('ada@example.org'))?.id ?? '',
      'ar',
    );
    await arabic.visits('/admin/adoption');
    const first = arabic.page.$('svg[role=img] rect').first();
    assert.deepEqual([first.attr('x'), first.attr('width')], ['80%', '20%']);
    await portal().services.accounts.chooseLocale(
      (await portal().services.accounts.findByEmail('ada@example.org'))?.id ?? '',
      null,
    );
  });

  it('leads from each number to the same number of people', async () => {
    const { $ } = ada.page;
    const numbers = $('table td a')
      .toArray()
      .map((link) => ({ href: $(link).attr('href') ?? '', count: Number($(link).text()) }));
    assert.ok(numbers.length > 15);
    for (const { href, count } of numbers) {
      await ada.visits(href);
      assert.equal(ada.page.$('tbody tr').length, count, href);
    }
  });

  it('lists the people with what they have, and when they have to set it up', async () => {
    await ada.visits(`/admin/adoption/people?figure=lacking&group=${agents.id}`);
    assert.equal(ada.page.heading, 'Required, not set up: Agents & <co>');
    assert.match(ada.page.text, /2 people/);
    const names = table(0).slice(1);
    assert.deepEqual(
      names,
      [
        ...[['Ann Example', 'mail@example.org', 'Active', 'Email Authentication']],
        ...[['Ann Example', 'none@example.org', 'Active', 'None']],
      ].map((cells) => [...cells, '7 days from the next sign-in', 'Never']),
    );
    await ada.visits('/admin/adoption/people?figure=with-codes');
    assert.equal(table(0)[1]?.[3], 'Authentication App Recovery codes');
  });

  it('agrees with the decision about each person at sign-in', async () => {
    const lacking: string[] = [];
    const { people, policies, settings } = portal().services;
    const site = siteRule(await settings.read());
    for (const { account, authenticators } of (await Array.fromAsync(people.inBatches())).flat()) {
      const policy = await policies.of(account, site);
      const isActive = account.disabledAt === null && account.passwordHash !== null;
      if (isActive && requiredEnrolment(policy, authenticators)) lacking.push(account.email);
    }
    assert.ok(lacking.length > 1);
    await ada.visits('/admin/adoption/people?figure=lacking');
    assert.deepEqual(
      table(0)
        .slice(1)
        .map(([, email]) => email),
      lacking,
    );
  });

  it('has pages of fifty', async () => {
    const crowd = await Promise.all(
      Array.from({ length: 51 }, (_, index) => portal().account(`crowd${index}@example.org`)),
    );
    await ada.visits('/admin/adoption/people?figure=none');
    assert.match(ada.page.text, /53 people/);
    assert.equal(ada.page.$('tbody tr').length, 50);
    await ada.follow('Next');
    assert.equal(ada.page.$('tbody tr').length, 3);
    assert.match(ada.page.path, /figure=none/);
    for (const { id } of crowd) await portal().services.accounts.disable(id, portal().now());
  });

  it('is available for spreadsheets and programs: the figures, and the people behind them', async () => {
    const load = async (text: string) => {
      const link = ada.page.links.find((one) => one.text === text);
      return ada.loads(link?.href ?? '');
    };
    const file = await load('Download as CSV');
    assert.match(file.headers['content-disposition'] ?? '', /^attachment; filename="adoption-[\d-]+\.csv"$/);
    const [everybody, group, nobody] = parse(file.html, { columns: true }) as Record<string, string>[];
    assert.deepEqual(
      [everybody?.['scope'], everybody?.['can_sign_in'], everybody?.['none'], everybody?.['none_percent']],
      ['everybody', '5', '2', '40'],
    );
    assert.deepEqual(
      [group?.['group'], group?.['lacking'], group?.['lacking_percent'], nobody?.['none_percent']],
      ['Agents & <co>', '2', '66.7', ''],
    );
    const lines = (await load('Download as JSON lines')).html.trim().split('\n');
    const parsed = lines.map((line) => JSON.parse(line));
    assert.equal(parsed[1].group.id, agents.id);
    assert.equal(Object.keys(parsed[1].figures).length, FIGURE_IDS.length);
    await ada.visits(`/admin/adoption/people?figure=in-grace&group=${agents.id}`);
    const people = parse((await load('Download as CSV')).html, { columns: true }) as Record<string, string>[];
    assert.deepEqual(
      people.map((one) => [
        one['email'],
        one['groups'],
        one['methods'],
        one['due'],
        one['due_days_from_sign_in'],
      ]),
      [
        ['mail@example.org', 'Agents & <co>', 'email', 'in grace', '7'],
        ['none@example.org', 'Agents & <co>', '', 'in grace', '7'],
      ],
    );
    const records = (await load('Download as JSON lines')).html;
    assert.equal(records.trim().split('\n').length, 2);
    assert.doesNotMatch(records, /argon2|passwordHash|"data"/);
  });

  for (const query of [
    'figure=unknown',
    'figure=none&figure=none',
    'group=unknown',
    'figure=none&group=',
    'figure=__proto__',
  ]) {
    it(`has no page for ${query}`, async () => {
      for (const path of ['/admin/adoption/people', '/admin/adoption/people/export']) {
        assert.equal((await ada.loads(`${path}?${query}`)).status, 404);
      }
    });
  }

  it('shows the age of its figures if counting takes long, and counts again later', async () => {
    let later = 0;
    const { policyReport, clock } = portal().services;
    const slow: Pick<PolicyReport, 'totals' | 'people'> = {
      people: (...asked) => policyReport.people(...asked),
      totals(scope) {
        later += seconds(6);
        return policyReport.totals(scope);
      },
    };
    const adoption = new Adoption({ policyReport: slow, clock: () => clock() + later });
    const app = createApp({ ...portal().services, adoption });
    const boss = await signsIn({ ...portal(), app }, 'ada@example.org');
    const figures = async () => {
      await boss.visits('/admin/adoption');
      assert.match(
        boss.page.text,
        /so these are the numbers of [^.]+ UTC\. They are updated after [^.]+ UTC\./,
      );
      return boss.page.$('table').first().text();
    };
    const before = await figures();
    await portal().account(`new-${portal().store}@example.org`);
    assert.equal(await figures(), before);
    later += hours(1);
    assert.notEqual(await figures(), before);
  });

  it('is for administrators only', async () => {
    const person = await signsIn(portal(), 'none@example.org');
    if (person.page.buttons.includes('Not now')) await person.presses('Not now');
    for (const path of ['', '/export', '/people', '/people/export']) {
      assert.equal((await person.loads(`/admin/adoption${path}`)).status, 403, path);
    }
  });
});
