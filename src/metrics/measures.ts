import type { Dependency } from '../kernel/dependencies.ts';

export interface MeasuredRequest {
  /** The route pattern, such as "/admin/people/:id"; "none" if there is no such page. */
  readonly route: string;
  readonly method: string;
  readonly status: number;
  readonly milliseconds: number;
}

/** Metrics in a text format, with its media type. */
export interface Exposition {
  readonly type: string;
  readonly text: string;
}

/** Metrics for monitoring. */
export interface Measures {
  request(request: MeasuredRequest): void;
  /** All metrics; `missing` are the dependencies that do not answer now. */
  read(missing: readonly Dependency[]): Promise<Exposition>;
}
