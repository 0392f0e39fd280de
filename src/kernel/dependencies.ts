/** What the site cannot work without. */
export const DEPENDENCIES = ['database', 'sessions'] as const;
export type Dependency = (typeof DEPENDENCIES)[number];

/** Checks a dependency; rejects if it is down. */
export type Ping = () => Promise<void>;

/** One check for each dependency. */
export type Pings = Readonly<Record<Dependency, Ping>>;
