import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { setTimeout as delay } from 'node:timers/promises';
import jsqr from 'jsqr';
import { PNG } from 'pngjs';
import type { Instant } from '../../src/kernel/time.ts';
import { fromBase32, oneTimeCode } from './one-time-code.ts';
import { requireTool } from './tools.ts';

/** The data of one QR code or Setup Key. */
export interface AppEntry {
  readonly issuer: string;
  readonly account: string;
  /** Base32. */
  readonly secret: string;
  readonly algorithm: string;
  readonly digits: number;
  /** Seconds. */
  readonly period: number;
}

const STEP = 30_000;
const ENOUGH = 10_000;

/** Waits, if necessary, until the codes of this moment are valid for ten seconds: one of the step before is refused after that. */
export async function earlyInStep(): Promise<void> {
  const left = STEP - (Date.now() % STEP);
  if (left < ENOUGH) await delay(left);
}

/**
 * An authentication app on a phone. It shares no code with the portal: jsQR reads the QR code, and the codes are computed by
 * RFC 6238 with node:crypto, or by `oathtool` of the OATH Toolkit.
 */
export class AuthenticatorApp {
  #entry: AppEntry | undefined;

  /** What was scanned or typed last; throws if nothing was. */
  get entry(): AppEntry {
    if (!this.#entry) throw new Error('The app has no entry yet: scan a QR code or type a Setup Key.');
    return this.#entry;
  }

  /** Reads the QR code in a picture and stores its content. */
  scan(png: Buffer): AppEntry {
    return this.open(readQrCode(png));
  }

  /** Follows an `otpauth://` link, as on the device itself. */
  open(uri: string): AppEntry {
    this.#entry = parseKeyUri(uri);
    return this.#entry;
  }

  /** Types a Setup Key, with or without its spaces; all else has the usual defaults. */
  type(setupKey: string): AppEntry {
    const secret = setupKey.replace(/\s/g, '').toUpperCase();
    this.#entry = { issuer: '', account: '', secret, algorithm: 'SHA1', digits: 6, period: 30 };
    return this.#entry;
  }

  /** The code that the app shows at this moment, or this many steps after it (before, if negative). */
  code(at: Instant, stepOffset = 0): string {
    const { secret, algorithm, digits, period } = this.entry;
    return oneTimeCode(fromBase32(secret), algorithm, digits, Math.floor(at / 1000 / period) + stepOffset);
  }

  /** The present code by the real `oathtool`. */
  codeByOathtool(at: Instant): string {
    const { secret, algorithm, digits, period } = this.entry;
    const now = new Date(at).toISOString().replace('T', ' ').replace(/\..*/, ' UTC');
    const totp = [`--totp=${algorithm.toLowerCase()}`, '--base32', `--digits=${digits}`];
    const options = [...totp, `--time-step-size=${period}s`, `--now=${now}`, secret];
    return execFileSync(requireTool('oathtool'), options, { encoding: 'utf8' }).trim();
  }
}

/** The text of the QR code in a picture. */
export function readQrCode(png: Buffer): string {
  const { data, width, height } = PNG.sync.read(png);
  const read = jsqr.default(new Uint8ClampedArray(data), width, height);
  assert.ok(read, 'No QR code can be read in the picture.');
  return read.data;
}

/** Parses a key URI like apps do: a "+" stays a "+", and the label's issuer has to be the parameter's. */
function parseKeyUri(uri: string): AppEntry {
  const [, label = '', query = ''] = /^otpauth:\/\/totp\/([^?]*)\?(.*)$/.exec(uri) ?? [];
  assert.notEqual(label, '', `This is no key URI of a time-based code: ${uri}`);
  const parameters = new Map(
    query.split('&').map((pair) => splitAt(pair, '=').map(decodeURIComponent) as Pair),
  );
  const [prefix, account] = splitAt(decodeURIComponent(label), ':');
  assert.equal(prefix, parameters.get('issuer'), 'The issuer in the label and the parameter differ.');
  const secret = parameters.get('secret') ?? '';
  assert.match(secret, /^[A-Z2-7]+$/, 'The secret is no unpadded Base32.');
  return {
    issuer: prefix,
    account,
    secret,
    algorithm: parameters.get('algorithm') ?? 'SHA1',
    digits: Number(parameters.get('digits') ?? 6),
    period: Number(parameters.get('period') ?? 30),
  };
}

type Pair = [string, string];

function splitAt(text: string, separator: string): Pair {
  const index = text.indexOf(separator);
  return index < 0 ? [text, ''] : [text.slice(0, index), text.slice(index + separator.length)];
}
