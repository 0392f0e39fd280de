import { readFileSync } from 'node:fs';
import type { ConfigError, Environment } from './environment.ts';

/** Variables with passwords: in a file they show neither in `docker inspect` nor in /proc/PID/environ. */
const VALUES = ['DATABASE_URL', 'REDIS_URL', 'SMTP_URL', 'METRICS_TOKEN', 'GUARD_TOKEN'] as const;

/** `DATABASE_URL_FILE` and so on. */
export const FILE_VARIABLES = VALUES.map(fileVariable);

/** Replaces `*_FILE` variables by the contents of the files; errors name the variable. */
export function withFiles(given: Environment): {
  readonly given: Environment;
  readonly faults: readonly ConfigError[];
} {
  const read: Record<string, string> = {};
  const faults: ConfigError[] = [];
  for (const name of VALUES) {
    const variable = fileVariable(name);
    const path = given[variable];
    if (path === undefined) continue;
    const text = textOf(path);
    if (given[name] !== undefined) {
      faults.push({ variable: name, expected: `no value, because ${variable} is set: only one of the two` });
    } else if (text === undefined) {
      faults.push({ variable, expected: `the path of a readable file with the value of ${name}` });
    } else read[name] = text;
  }
  return { given: { ...given, ...read }, faults };
}

function fileVariable(name: string): string {
  return `${name}_FILE`;
}

/** Undefined if the file cannot be read or is empty: an empty variable counts as not set, but a file was meant. */
function textOf(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8').trim() || undefined;
  } catch {
    return undefined;
  }
}
