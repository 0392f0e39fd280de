import type { Actor } from '../audit/audit.ts';
import { compose, type Portal } from '../composition.ts';
import { type Config, formatFaults, readConfig } from '../config.ts';
import { newId } from '../identifiers.ts';
import { createLogger } from '../logging.ts';
import type { Translator } from '../words.ts';
import { EXIT, Refusal } from './refusal.ts';
import { oneLine, type Terminal } from './terminal.ts';

/** A portal that is open for one command. */
export interface Operation {
  readonly config: Config;
  readonly portal: Portal;
  readonly services: Portal['services'];
  readonly terminal: Terminal;
  /** Speaks the operator's language. */
  readonly words: Translator;
  /** The command line, as the audit log knows it; one id holds all events of a run together. */
  readonly actor: Actor;
  /** Writes one line of the result. */
  readonly say: (line: string) => void;
}

export interface Opening {
  readonly terminal: Terminal;
  readonly words: Translator;
  /** Whether the log goes to standard error; else it goes nowhere. */
  readonly verbose: boolean;
}

/** Runs a command over the portal that the environment describes, and closes it again whatever happens. */
export async function withPortal(
  { terminal, words, verbose }: Opening,
  command: (operation: Operation) => Promise<void>,
): Promise<void> {
  const outcome = readConfig(terminal.environment);
  if (!outcome.ok) throw new Refusal(formatFaults(outcome.faults).trimEnd(), EXIT.configuration);
  const { config } = outcome;
  const { clock, errors, output } = terminal;
  const logger = createLogger(verbose ? config.logLevel : 'silent', errors);
  let portal: Portal | undefined;
  try {
    // Whoever reads the figures asks the server.
    portal = await compose({ ...config, metrics: undefined }, { clock, logger });
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
    if (!(error instanceof Refusal)) logger.error({ err: error }, 'the command failed');
    throw error;
  } finally {
    await portal?.delivered();
    await portal?.close();
  }
}

/**
 * Makes sure that the tables are those of this version. An empty database gets them; one that is in use is left to
 * `migrate`, for a server of the earlier version may be running on it.
 */
export async function requireTables({ portal, words }: Operation): Promise<void> {
  const pending = await portal.pendingMigrations();
  if (pending.length === 0) return;
  if (!(await portal.isNew())) throw new Refusal(words.t('cli.migrate-first', { count: pending.length }));
  await portal.migrate();
}
