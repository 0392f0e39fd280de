import type { ListedApp } from '../apps/app.ts';
import { CommandError, type Operation, requireTables } from './operation.ts';

/** The app with this name, in any spelling. */
export async function appNamed(operation: Operation, name: string): Promise<ListedApp> {
  await requireTables(operation);
  const app = await operation.services.apps.findByName(name);
  if (!app) throw new CommandError(operation.words.t('cli.no-app', { app: name }));
  return app;
}
