/** A point in time: milliseconds since 1970-01-01T00:00:00Z. */
export type Instant = number;

/** Returns the current time. Passed in, so that tests can set it. */
export type Clock = () => Instant;

export const seconds = (count: number): number => count * 1000;
export const minutes = (count: number): number => seconds(count * 60);
export const hours = (count: number): number => minutes(count * 60);
export const days = (count: number): number => hours(count * 24);
