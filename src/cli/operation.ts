import type { Actor } from '../audit/audit.ts';
import { type Config, EX_CONFIG, formatFaults, readConfig } from '../boot/config.ts';
import { createLogger } from '../boot/logging.ts';
import { EnvironmentFault } from '../kernel/environment-fault.ts';
import type { Translator } from '../kernel/i18n.ts';
import { newId } from '../kernel/identifiers.ts';
import { systemRandom } from '../kernel/random.ts';
import { composePortal, type Portal } from '../portal.ts';
import { oneLine, type Terminal } from './terminal.ts';

/** sysexits.h EX_USAGE: unknown command or option; nothing was done. */
const EX_USAGE = 64;

/** Exit codes. 130: interrupted by the keyboard, as shells report it. */
export const EXIT = {
  done: 0,
  failed: 1,
  usage: EX_USAGE,
  configuration: EX_CONFIG,
  interrupted: 130,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** The command failed for a reason that the operator can mend. The message is one line in the operator's language. */
export class CommandError extends Error {
  readonly exitCode: ExitCode;

  constructor(message: string, exitCode: ExitCode = EXIT.failed) {
    super(message);
    this.exitCode = exitCode;
  }
}

/** Always in English, like all messages about the configuration. */
export function commandErrorOf({ variable, message, mayPass }: EnvironmentFault): CommandError {
  return new CommandError(`${variable}: ${message}`, mayPass ? EXIT.failed : EXIT.configuration);
}

/** The context of one command. */
export interface Operation {
  readonly config: Config;
  readonly portal: Portal;
  readonly services: Portal['services'];
  readonly terminal: Terminal;
  /** In the operator's language. */
  readonly words: Translator;
  /** The command line, for the audit log; all events of a run have one request id. */
  readonly actor: Actor;
  /** Writes one line of the result. */
  readonly say: (line: string) => void;
}

export interface Opening {
  readonly terminal: Terminal;
  readonly words: Translator;
  /** Whether to log to standard error; otherwise there is no log. */
  readonly verbose: boolean;
}

/** Composes the portal from the environment, runs a command, and closes the portal in any case. */
export async function withPortal(
  { terminal, words, verbose }: Opening,
  command: (operation: Operation) => Promise<void>,
): Promise<void> {
  const outcome = readConfig(terminal.environment);
  if (!outcome.ok) throw new CommandError(formatFaults(outcome.faults).trimEnd(), EXIT.configuration);
  const { config } = outcome;
  const { clock, errors, output } = terminal;
  const logger = createLogger(verbose ? config.logLevel : 'silent', errors);
  let portal: Portal | undefined;
  try {
    // Metrics are the server's.
    portal = await composePortal({ ...config, metrics: undefined }, { clock, random: systemRandom, logger });
    await command({
      config,
      portal,
      services: portal.services,
      terminal,
      words,
      actor: {
        party: { id: null, label: 'command line' },
        origin: { requestId: newId(clock()), address: '', browser: '' },
      },
      say: (line) => output.write(`${oneLine(line)}\n`),
    });
  } catch (error) {
    if (error instanceof EnvironmentFault) throw commandErrorOf(error);
    if (!(error instanceof CommandError)) logger.error({ err: error }, 'the command failed');
    throw error;
  } finally {
    await portal?.delivered();
    await portal?.close();
  }
}

/** The operator's language with times in the site's zone. Needs the tables. */
export async function wordsInSiteZone({ services, words }: Operation): Promise<Translator> {
  const { timeZone } = await services.settings.read();
  return services.words.for(words.locale, timeZone);
}

/**
 * Makes sure that the tables are of this version. An empty database is migrated; one in use is not, because a server of an
 * earlier version may be running on it.
 *
 * @throws CommandError that asks for `migrate`
 */
export async function requireTables({ portal, words }: Operation): Promise<void> {
  const pending = await portal.pendingMigrations();
  if (pending.length === 0) return;
  if (!(await portal.isNew()))
    throw new CommandError(words.t('cli.migrate-first', { count: pending.length }));
  await portal.migrate();
}

/** Runs `command` with the portal open. */
export type Run = (command: (operation: Operation) => Promise<void>) => Promise<void>;
