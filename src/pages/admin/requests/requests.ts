import { canApprove } from '../../../accounts/account.ts';
import { type ResetRequest, requestStanding } from '../../../administration/reset-request.ts';
import type { Translator } from '../../../kernel/i18n.ts';
import type { Instant } from '../../../kernel/time.ts';
import type { SignedIn } from '../../../web/auth-state.ts';
import type { Handler } from '../../../web/guards.ts';
import type { AddPage } from '../../../web/routes.ts';
import { listPage, PAGE_SIZE } from '../../lists.ts';
import type { PageServices } from '../../page-services.ts';
import { decisionPage, offeredDecisions, REQUESTS, requestOf } from './request-decisions.ts';

type RequestServices = Pick<PageServices, 'clock' | 'guards' | 'renderer' | 'resetRequests'>;

/** Requests of people who have lost access: the queue, each request, and the decisions about it. */
export function requestPages(addPage: AddPage, services: RequestServices): void {
  const { guards } = services;
  addPage(REQUESTS, { get: guards.administrator(queue(services)) });
  addPage(`${REQUESTS}/:id`, { get: guards.administrator(showRequest(services)) });
  decisionPage(addPage, services);
}

/** GET /admin/requests */
function queue({
  renderer,
  resetRequests,
  clock,
}: Pick<PageServices, 'clock' | 'renderer' | 'resetRequests'>): Handler<SignedIn> {
  return async ({ who: { context }, request, response }) => {
    const { words, settings } = context;
    const { found, pagination } = await listPage(request, {}, (page) =>
      resetRequests.search({ page, pageSize: PAGE_SIZE }),
    );
    const lines = found.requests.map((one) => [
      { text: one.person.name, href: `${REQUESTS}/${one.id}`, hint: one.person.email },
      words.t(`request.kind.${one.kind}`),
      words.when(one.askedAt),
      standingCell(one, words.t(`request.standing.${requestStanding(one, settings.resets, clock())}`)),
    ]);
    await renderer.show(request, response, {
      view: 'admin/requests',
      title: words.t('requests.title'),
      caption: words.t('menu.administration'),
      width: 'wide',
      model: { lines, pagination },
    });
  };
}

function standingCell({ state }: ResetRequest, text: string) {
  return { text, badge: state === 'open' ? 'warning' : 'plain' };
}

/** GET /admin/requests/:id */
function showRequest(
  services: Pick<PageServices, 'clock' | 'renderer' | 'resetRequests'>,
): Handler<SignedIn> {
  const { renderer, clock } = services;
  return async ({ who: person, request, response }) => {
    const { words, settings } = person.context;
    const resetRequest = await requestOf(services, request);
    const now = clock();
    const standing = requestStanding(resetRequest, settings.resets, now);
    const { approvesFrom } = person.account;
    await renderer.show(request, response, {
      view: 'admin/request',
      title: words.t('request.title', { name: resetRequest.person.name }),
      caption: words.t('menu.administration'),
      back: { href: REQUESTS, text: words.t('requests.title') },
      model: {
        facts: factsOf(resetRequest, words.t(`request.standing.${standing}`), words),
        request: { id: resetRequest.id, accountId: resetRequest.accountId, happened: resetRequest.happened },
        approvals: resetRequest.approvals.map((one) => [
          one.by,
          words.when(one.at),
          one.note,
          words.t(one.counts ? 'request.counts' : 'request.counts-no-more'),
        ]),
        own: resetRequest.accountId === person.account.id,
        decisions: offeredDecisions(resetRequest, standing, person.account, now),
        // Explains why there is no "Approve" button.
        approves: canApprove(person.account, now) ? undefined : approvesIn(approvesFrom, words),
      },
    });
  };
}

function approvesIn(from: Instant | null, { t, when }: Translator): string {
  return from === null ? t('request.approves-not') : t('request.approves-from', { time: when(from) });
}

function factsOf(resetRequest: ResetRequest, standing: string, words: Translator) {
  const { person, state } = resetRequest;
  const lines: [string, string | null][] = [
    [words.t('people.name'), person.name],
    [words.t('field.email'), person.email],
    [words.t('request.asked-by'), words.t(`request.kind.${resetRequest.kind}`)],
    [words.t('request.asked-by-whom'), resetRequest.kind === 'administrator' ? resetRequest.askedBy : null],
    [words.t('request.asked-at'), words.when(resetRequest.askedAt)],
    [words.t('request.browser'), resetRequest.browser],
    [words.t('sign-ins.address'), resetRequest.address],
    [words.t('request.contact'), resetRequest.contact],
    [
      words.t('request.due'),
      state === 'open' && resetRequest.dueAt !== null ? words.when(resetRequest.dueAt) : null,
    ],
    [words.t('request.closed-at'), resetRequest.closedAt === null ? null : words.when(resetRequest.closedAt)],
    [words.t('request.closed-by'), resetRequest.closedBy],
    [words.t('request.closing-note'), resetRequest.closingNote],
  ];
  const told = lines.filter(([, value]) => value !== null && value !== '');
  return [
    { label: words.t('person.fact.state'), value: standing, badge: state === 'open' ? 'warning' : 'plain' },
    ...told.map(([label, value]) => ({ label, value })),
  ];
}
