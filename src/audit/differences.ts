/** What is so, by the names of details. */
export type Facts = Readonly<Record<string, string>>;

/** An absent value in a detail. */
export const NO_VALUE = '–';

/** What differs between two states, as details of an audit event: fact by fact, "before → after". */
export function differences(before: Facts, after: Facts): Facts {
  return Object.fromEntries(
    Object.entries(after)
      .filter(([name, value]) => before[name] !== value)
      .map(([name, value]) => [name, `${before[name] || NO_VALUE} → ${value || NO_VALUE}`]),
  );
}
