import type { Actor } from '../audit/audit.ts';

export class AccessDenied extends Error {
  readonly actor: Actor;

  constructor(actor: Actor) {
    super('The page is not for this person.');
    this.actor = actor;
  }
}

export class NotFound extends Error {}

export class MethodNotAllowed extends Error {
  readonly allowed: readonly string[];

  constructor(allowed: readonly string[]) {
    super('The page does not answer to this method.');
    this.allowed = allowed;
  }
}
