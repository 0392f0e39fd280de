/** The part of better-sqlite3 that the twin uses; the package has no types of its own. */
declare module 'better-sqlite3' {
  interface Statement<Parameters extends unknown[], Row> {
    run(...parameters: Parameters): { readonly changes: number };
    get(...parameters: Parameters): Row | undefined;
    all(...parameters: Parameters): Row[];
  }

  export default class Database {
    constructor(path: string);
    pragma(text: string): unknown;
    exec(text: string): this;
    prepare<Parameters extends unknown[] = unknown[], Row = unknown>(
      text: string,
    ): Statement<Parameters, Row>;
    transaction<T>(work: () => T): (() => T) & { immediate(): T };
  }
}
