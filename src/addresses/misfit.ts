/** Thrown where a value cannot be used; the message says what is expected, and never repeats the value. */
export class Misfit extends Error {}
