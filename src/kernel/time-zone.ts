import { hours, type Instant } from './time.ts';

/** An IANA time zone name that this Node knows, such as "Europe/Berlin". */
export type TimeZone = string;

export const UTC: TimeZone = 'UTC';

/** The longest IANA name has 32 characters. */
export const LONGEST_TIME_ZONE = 64;

/**
 * The zone meant by "Europe/Berlin", "europe/berlin", "America/New York" or a city alone. Undefined if there is none, and
 * for offsets such as "+02:00", which have no daylight saving time.
 */
export function timeZoneNamed(typed: string): TimeZone | undefined {
  const name = typed.trim().replaceAll(' ', '_');
  if (name.length > LONGEST_TIME_ZONE || !/^[a-z]/i.test(name)) return undefined;
  const known = resolved(name);
  if (known === undefined) return zoneOfCity(name);
  // An alias stays as typed: Node would turn Europe/Kyiv into Europe/Kiev.
  return known.toLowerCase() === name.toLowerCase() ? known : name;
}

function resolved(name: string): TimeZone | undefined {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: name }).resolvedOptions().timeZone;
  } catch {
    return undefined;
  }
}

function zoneOfCity(city: string): TimeZone | undefined {
  const ending = `/${city.toLowerCase()}`;
  const found = Intl.supportedValuesOf('timeZone').filter((zone) => zone.toLowerCase().endsWith(ending));
  return found.length === 1 ? found[0] : undefined;
}

/** The zone; UTC if this Node does not know it (another version may have stored it). */
export function usableZone(zone: TimeZone): TimeZone {
  return resolved(zone) === undefined ? UTC : zone;
}

/** A calendar day: "2030-01-31". */
export type CalendarDay = string;

/** The calendar day in the zone at this time. */
export function dayIn(zone: TimeZone, at: Instant): CalendarDay {
  return new Date(localTime(zone, at)).toISOString().slice(0, 10);
}

/**
 * The start of a day in the zone. That is 01:00 where clocks go forward at midnight, and the first of two midnights where
 * they go back.
 */
export function startOfDay(zone: TimeZone, day: CalendarDay): Instant {
  const midnight = Date.parse(day);
  // Offsets are between -12 and +14 hours: these two are before and after any clock change on that day.
  const around = [midnight - hours(24), midnight + hours(24)];
  const [before = 0, after = 0] = around.map((at) => localTime(zone, at) - at);
  const isMidnight = (at: Instant) => localTime(zone, at) === midnight;
  const starts = [midnight - before, midnight - after].filter(isMidnight);
  return starts.length > 0 ? Math.min(...starts) : midnight - before;
}

/** The start of the next day: 23, 24 or 25 hours later. */
export function endOfDay(zone: TimeZone, day: CalendarDay): Instant {
  return startOfDay(zone, new Date(Date.parse(day) + hours(24)).toISOString().slice(0, 10));
}

/** Wall-clock time in the zone, in milliseconds as if it were UTC. */
function localTime(zone: TimeZone, at: Instant): number {
  const parts = partsIn(zone).formatToParts(at);
  const [year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0] = (
    ['year', 'month', 'day', 'hour', 'minute', 'second'] as const
  ).map((type) => Number(parts.find((part) => part.type === type)?.value));
  // Not Date.UTC: it reads years 0 to 99 as 1900 to 1999.
  return new Date(0).setUTCFullYear(year, month - 1, day) + ((hour * 60 + minute) * 60 + second) * 1000;
}

const formats = new Map<TimeZone, Intl.DateTimeFormat>();

function partsIn(timeZone: TimeZone): Intl.DateTimeFormat {
  const known = formats.get(timeZone);
  if (known) return known;
  const made = new Intl.DateTimeFormat('en-u-ca-iso8601', {
    ...{ year: 'numeric', month: 'numeric', day: 'numeric' },
    ...{ hour: 'numeric', minute: 'numeric', second: 'numeric' },
    hourCycle: 'h23',
    timeZone: usableZone(timeZone),
  });
  formats.set(timeZone, made);
  return made;
}
