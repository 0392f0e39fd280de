/** Why a `fetch` got no answer: "ENOTFOUND", "DEPTH_ZERO_SELF_SIGNED_CERT", "TimeoutError", "bad port". Technical. */
export function faultOf(error: unknown): string {
  if (!(error instanceof Error)) return 'Error';
  const { cause, name } = error;
  if (!(cause instanceof Error)) return name;
  return 'code' in cause ? String(cause.code) : cause.message;
}
