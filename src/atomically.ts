/**
 * Runs writes that belong together: all of them are kept, or none.
 *
 * The database may give `work` up for another and have it run again from its beginning, so it does nothing but read and
 * write by the stores. What is slow (hashing a password) comes before it, what cannot be taken back after it: a code is
 * sent then; any other mail is a row of the queue, and belongs to what it tells of. It takes no tries and no allowance: those count, whatever comes of the rest.
 */
export type Atomically = <T>(work: () => Promise<T>) => Promise<T>;

/**
 * Does something once the writes that the caller is part of are kept, and never where they are not; at once where it is
 * part of none.
 */
export type Afterwards = (act: () => void) => void;
