import type { Actor } from '../audit/audit.ts';

export class AccessDenied extends Error {
  readonly actor: Actor;

  constructor(actor: Actor) {
    super('The page is not for this person.');
    this.actor = actor;
  }
}

export class NotFound extends Error {}

/** 400: a malformed request. */
export class BadRequest extends Error {
  readonly status = 400;
}

/** 415: not the body of a form (RFC 9110 §15.5.16). */
export class UnsupportedMediaType extends Error {
  readonly status = 415;
}

export class MethodNotAllowed extends Error {
  readonly allowed: readonly string[];

  constructor(allowed: readonly string[]) {
    super('The page does not answer to this method.');
    this.allowed = allowed;
  }
}
