/** A value cannot be used. The message says what is expected, and never repeats the value: it may be a secret. */
export class InvalidValue extends Error {}
