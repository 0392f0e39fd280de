import { type Operation, requireTables } from './operation.ts';
import { Refusal } from './refusal.ts';

/** `remind`: mails those whose grace runs out. Run by a timer, any number of times at once. */
export async function sendReminders(
  operation: Operation,
  { json }: { readonly json: boolean },
): Promise<void> {
  await requireTables(operation);
  const { services, words, say, actor } = operation;
  const { sent, refused } = await services.reminders.send(actor);
  say(json ? JSON.stringify({ sent, refused }) : words.t('cli.reminded', { count: sent }));
  if (refused > 0) throw new Refusal(words.t('cli.reminders-refused', { count: refused }));
}
