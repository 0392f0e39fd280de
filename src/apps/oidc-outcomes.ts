/**
 * Outcomes of authorization requests, for metrics. "issued": the app got a code. "asked": the person has to be asked something first;
 * the request counts again when they come back. "refused": an error for the app or the person. "failed": there was no answer.
 */
export const AUTHORIZATION_OUTCOMES = ['issued', 'asked', 'refused', 'failed'] as const;
export type AuthorizationOutcome = (typeof AUTHORIZATION_OUTCOMES)[number];

/**
 * Outcomes of token requests, for metrics. "unknown client": no such app, or a wrong secret. "grant refused": the code or refresh
 * token is worth nothing: used, too old, another app's, or of a sign-in that is over.
 */
export const TOKEN_OUTCOMES = [
  'issued',
  'renewed',
  'unknown client',
  'grant refused',
  'refused',
  'failed',
] as const;
export type TokenOutcome = (typeof TOKEN_OUTCOMES)[number];
