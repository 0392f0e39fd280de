/**
 * The environment lacks something that the program needs. The message tells the operator what is wrong and how to mend it.
 * It never contains a password.
 */
export class EnvironmentFault extends Error {
  /** The variable or command-line option that mends it. */
  readonly variable: string;
  /** Whether it may pass by itself: a server that is still starting, a disk that others fill. */
  readonly mayPass: boolean;

  constructor(
    variable: string,
    message: string,
    options: { readonly cause?: unknown; readonly mayPass?: boolean } = {},
  ) {
    super(message, 'cause' in options ? { cause: options.cause } : {});
    this.variable = variable;
    this.mayPass = options.mayPass ?? false;
  }
}

/** The code of an error of Node or a driver, such as "EACCES" or "28P01"; empty if it has none. */
export function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '';
}
