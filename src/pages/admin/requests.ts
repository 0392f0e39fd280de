import { type ResetRequest, requestStanding } from '../../accounts/reset-request.ts';
import type { Handler } from '../../web/guards.ts';
import type { AddPage } from '../../web/routes.ts';
import type { Person } from '../../web/standing.ts';
import type { Translator } from '../../words.ts';
import { listPage, PAGE_SIZE } from '../lists.ts';
import type { PageServices } from '../page-services.ts';
import { askToDecide, decide, offeredDecisions, requestOf } from './request-decisions.ts';

const PATH = '/admin/requests';

/** Who has lost access and asks for a reset: the queue, and what administrators decide about each. */
export function requestPages(addPage: AddPage, services: PageServices): void {
  const { guards } = services;
  addPage(PATH, { get: guards.administrator(queue(services)) });
  addPage(`${PATH}/:id`, { get: guards.administrator(showRequest(services)) });
  addPage(`${PATH}/:id/:decision`, {
    get: guards.steppedUpAdministrator(askToDecide(services)),
    post: guards.steppedUpAdministrator(decide(services)),
  });
}

/** GET /admin/requests */
function queue({ renderer, resetRequests, clock }: PageServices): Handler<Person> {
  return async ({ visit }, request, response) => {
    const { words, settings } = visit;
    const { found, pagination } = await listPage(request, {}, (page) =>
      resetRequests.search({ page, pageSize: PAGE_SIZE }),
    );
    const lines = found.requests.map((one) => [
      { text: one.person.name, href: `${PATH}/${one.id}`, hint: one.person.email },
      words.t(`request.kind.${one.kind}`),
      words.when(one.askedAt),
      standingCell(one, words.t(`request.standing.${requestStanding(one, settings.resets, clock())}`)),
    ]);
    await renderer.show(request, response, {
      view: 'admin/requests',
      title: words.t('requests.title'),
      caption: words.t('menu.administration'),
      width: 'wide',
      facts: { lines, pagination },
    });
  };
}

function standingCell({ state }: ResetRequest, text: string) {
  return { text, badge: state === 'open' ? 'warning' : 'plain' };
}

/** GET /admin/requests/:id */
function showRequest(services: PageServices): Handler<Person> {
  const { renderer, clock } = services;
  return async (person, request, response) => {
    const { words, settings } = person.visit;
    const asked = await requestOf(services, request);
    const standing = requestStanding(asked, settings.resets, clock());
    await renderer.show(request, response, {
      view: 'admin/request',
      title: words.t('request.title', { name: asked.person.name }),
      caption: words.t('menu.administration'),
      back: { href: PATH, text: words.t('requests.title') },
      facts: {
        facts: factsOf(asked, words.t(`request.standing.${standing}`), words),
        asked: { id: asked.id, accountId: asked.accountId, happened: asked.happened },
        approvals: asked.approvals.map((one) => [
          one.by,
          words.when(one.at),
          one.note,
          words.t(one.counts ? 'request.counts' : 'request.counts-no-more'),
        ]),
        own: asked.accountId === person.account.id,
        decisions: offeredDecisions(asked, standing, person.account),
      },
    });
  };
}

function factsOf(asked: ResetRequest, standing: string, words: Translator) {
  const { person, state } = asked;
  const lines: [string, string | null][] = [
    [words.t('people.name'), person.name],
    [words.t('field.email'), person.email],
    [words.t('request.asked-by'), words.t(`request.kind.${asked.kind}`)],
    [words.t('request.asked-by-whom'), asked.kind === 'administrator' ? asked.askedBy : null],
    [words.t('request.asked-at'), words.when(asked.askedAt)],
    [words.t('request.browser'), asked.browser],
    [words.t('sign-ins.address'), asked.address],
    [words.t('request.contact'), asked.contact],
    [words.t('request.due'), state === 'open' && asked.dueAt !== null ? words.when(asked.dueAt) : null],
    [words.t('request.closed-at'), asked.closedAt === null ? null : words.when(asked.closedAt)],
    [words.t('request.closed-by'), asked.closedBy],
    [words.t('request.closing-note'), asked.closingNote],
  ];
  const told = lines.filter(([, value]) => value !== null && value !== '');
  return [
    { label: words.t('person.fact.state'), value: standing, badge: state === 'open' ? 'warning' : 'plain' },
    ...told.map(([label, value]) => ({ label, value })),
  ];
}
