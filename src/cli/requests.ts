import { type Operation, requireTables } from './operation.ts';

/** `requests carry-out`: resets whose waiting period is over. Run by a timer, any number of times at once. */
export async function carryOutRequests(operation: Operation): Promise<void> {
  await requireTables(operation);
  const { services, words, say, actor } = operation;
  const count = await services.resetRequests.carryOutDue(actor);
  say(words.t('cli.requests-carried-out', { count }));
}
