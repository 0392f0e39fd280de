/** Why a `fetch` got no answer: "ENOTFOUND", "DEPTH_ZERO_SELF_SIGNED_CERT", "TimeoutError", "bad port". Technical. */
export function faultOf(error: unknown): string {
  if (!(error instanceof Error)) return 'Error';
  const { cause, name } = error;
  if (!(cause instanceof Error)) return name;
  return 'code' in cause ? String(cause.code) : cause.message;
}

/** What usual codes mean, for whom they are shown to. */
export const FETCH_REASONS = ['not-found', 'refused', 'unreachable', 'timeout', 'certificate'] as const;
export type FetchReason = (typeof FETCH_REASONS)[number];

const REASONS: readonly (readonly [RegExp, FetchReason])[] = [
  [/^(?:ENOTFOUND|EAI_AGAIN|ENODATA)$/, 'not-found'],
  [/^ECONNREFUSED$/, 'refused'],
  [/^(?:EHOSTUNREACH|ENETUNREACH|ECONNRESET|EPIPE|UND_ERR_SOCKET)$/, 'unreachable'],
  [/^(?:TimeoutError|ETIMEDOUT|UND_ERR_(?:CONNECT|HEADERS|BODY)_TIMEOUT)$/, 'timeout'],
  [/CERT|^UNABLE_TO_|^HOSTNAME_MISMATCH$|^CRL_|^INVALID_CA$/, 'certificate'],
];

/** What a fault means; undefined for an unusual one. */
export function reasonOf(fault: string): FetchReason | undefined {
  return REASONS.find(([pattern]) => pattern.test(fault))?.[1];
}
