const WRITES = /^\s*(insert|update|delete|replace)\b/i;

/** How many durable writes these consecutive statements cause. */
export function commitsOf(statements: readonly string[]): number {
  let commits = 0;
  let isOpen = false;
  let hasWritten = false;
  for (const statement of statements) {
    if (/^BEGIN/i.test(statement)) [isOpen, hasWritten] = [true, false];
    else if (/^(COMMIT|ROLLBACK);?$/i.test(statement)) {
      if (/^COMMIT/i.test(statement) && hasWritten) commits += 1;
      isOpen = false;
    } else if (WRITES.test(statement)) {
      if (isOpen) hasWritten = true;
      else commits += 1;
    }
  }
  return commits;
}
