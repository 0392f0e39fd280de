import { type Command, Option } from 'commander';
import { sharesSecret } from '../apps/app.ts';
import { GIVEN_SECRET, givenSecret } from '../apps/app-secrets.ts';
import type { MessageKey, Translator } from '../kernel/i18n.ts';
import { appNamed } from './app-named.ts';
import { contentOf } from './input-file.ts';
import { CommandError, type Operation, type Run, wordsInSiteZone } from './operation.ts';

interface SecretOptions {
  readonly endOldNow?: boolean;
  readonly take?: string;
}

/** `app rotate-secret` */
export function addSecretCommand(
  named: (verb: string, about: MessageKey) => Command,
  run: Run,
  { t }: Translator,
): void {
  named('rotate-secret', 'cli.about-app-rotate-secret')
    .addOption(new Option('--end-old-now', t('cli.option.app-end-old-now')))
    .addOption(new Option('--take <file>', t('cli.option.app-take')))
    .action((name: string, options: SecretOptions) =>
      run((operation) => rotateSecret(operation, name, options)),
    );
}

/**
 * `app rotate-secret`: prints the new secret to standard output, alone, so that it can be piped on. What is said about the former
 * one goes to standard error.
 */
async function rotateSecret(
  operation: Operation,
  name: string,
  { endOldNow = false, take }: SecretOptions,
): Promise<void> {
  const app = await appNamed(operation, name);
  const { services, say, actor, terminal } = operation;
  const words = await wordsInSiteZone(operation);
  if (!sharesSecret(app)) throw new CommandError(words.t('cli.app-secret-none', { app: app.name }));
  const given = take === undefined ? undefined : await secretIn(operation, take);
  const secret = await services.appSecrets.rotate(app, actor, given);
  if (endOldNow) await services.appSecrets.endFormer(app, actor);
  if (given === undefined) say(secret);
  const [, former] = await services.appSecrets.standing(app);
  const text = former?.endsAt
    ? words.t('cli.app-secret-former', { date: words.when(former.endsAt) })
    : words.t('cli.app-secret-ended');
  terminal.errors.write(`${text}\n`);
}

/** The secret in a file, which the app has made itself. */
async function secretIn(operation: Operation, file: string): Promise<string> {
  const text = (await contentOf(operation, file)).toString('utf8').trim();
  const secret = givenSecret.safeParse(text);
  if (!secret.success) throw new CommandError(operation.words.t('app.secret-form', GIVEN_SECRET));
  return secret.data;
}
