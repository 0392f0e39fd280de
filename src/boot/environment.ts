export interface ConfigError {
  readonly variable: string;
  readonly expected: string;
  readonly given?: string;
}

export type Environment = Readonly<Record<string, string | undefined>>;
