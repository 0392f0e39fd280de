import { randomBytes } from 'node:crypto';
import {
  closeSync,
  fsyncSync,
  linkSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { codeOf, EnvironmentFault } from '../kernel/environment-fault.ts';
import { fileFault, makeFolder, ownUser } from '../kernel/folders.ts';
import type { SecretSource } from '../kernel/keyring.ts';

export const MINIMUM_SECRET_LENGTH = 32;

/** Where the secrets are; "data folder" is the file that the portal makes itself. */
export type SecretPlace =
  | { readonly kind: 'environment'; readonly secrets: readonly string[] }
  | { readonly kind: 'file' | 'data folder'; readonly path: string };

/**
 * Makes sure that there are secrets; makes one at the first start.
 *
 * @throws EnvironmentFault if they cannot be made or read
 */
export function requireSecrets({ secrets: place }: SecretConfig): void {
  if (place.kind === 'environment') return;
  const variable = place.kind === 'file' ? 'APP_SECRET_FILE' : 'DATA_DIR';
  try {
    if (place.kind === 'data folder') makeFirstSecret(place.path);
  } catch (error) {
    throw fileFault(error, dirname(place.path), variable) ?? error;
  }
  if (readSecrets(place.path) !== undefined) return;
  const message = `${ownUser()} cannot read ${place.path}, or a secret in it has fewer than ${MINIMUM_SECRET_LENGTH} characters: correct the file, or restore it. A new secret cannot open what the old one sealed.`;
  throw new EnvironmentFault(variable, message);
}

interface SecretConfig {
  readonly secrets: SecretPlace;
}

/** Returns the secrets, newest first. Files are read at each call, so that a rotation reaches running instances. */
export function secretSource({ secrets: place }: SecretConfig): SecretSource {
  if (place.kind === 'environment') return () => place.secrets;
  if (place.kind === 'file') return () => secretsIn(place.path);
  return () => {
    makeFirstSecret(place.path);
    return secretsIn(place.path);
  };
}

/**
 * Adds a new secret before those in the data folder, which stay for what they sealed. False if the operator manages the secrets
 * and has to add one. Throws while another rotation is running.
 */
export function addSecret({ secrets: place }: SecretConfig): boolean {
  if (place.kind !== 'data folder') return false;
  makeFirstSecret(place.path);
  const draft = `${place.path}.new`;
  // The exclusive draft is also the lock: two rotations at once would each write a file without the other's secret.
  const file = openDraft(draft);
  try {
    writeAndClose(file, [newSecret(), ...secretsIn(place.path)]);
    renameSync(draft, place.path);
    syncFolder(dirname(place.path));
  } catch (error) {
    rmSync(draft, { force: true });
    throw error;
  }
  return true;
}

/** Secrets separated by commas or white space; undefined when there is none, or one is too short. */
export function parseSecrets(text: string): readonly string[] | undefined {
  return usable(text.split(/[\s,]+/));
}

/** The secrets of a file, one per line, newest first; undefined when it cannot be read or one of them cannot be used. */
export function readSecrets(path: string): readonly string[] | undefined {
  try {
    return usable(readFileSync(path, 'utf8').split('\n'));
  } catch {
    return undefined;
  }
}

function usable(texts: readonly string[]): readonly string[] | undefined {
  const secrets = texts.map((text) => text.trim()).filter((secret) => secret !== '');
  const longEnough = secrets.every((secret) => secret.length >= MINIMUM_SECRET_LENGTH);
  return secrets.length > 0 && longEnough ? secrets : undefined;
}

function secretsIn(path: string): readonly string[] {
  const secrets = readSecrets(path);
  if (secrets === undefined) {
    throw new Error(
      `${path} cannot be read, or a secret in it has fewer than ${MINIMUM_SECRET_LENGTH} characters.`,
    );
  }
  return secrets;
}

/** Makes the file if there is none. It appears complete or not at all, and only one of two processes makes it. */
function makeFirstSecret(path: string): void {
  if (exists(path)) return;
  makeFolder(dirname(path));
  const draft = `${path}.${randomBytes(8).toString('hex')}`;
  writeAndClose(openSync(draft, 'wx', 0o600), [newSecret()]);
  try {
    linkSync(draft, path);
    syncFolder(dirname(path));
  } catch (error) {
    if (codeOf(error) !== 'EEXIST') throw error;
  } finally {
    rmSync(draft);
  }
}

function exists(path: string): boolean {
  try {
    closeSync(openSync(path, 'r'));
    return true;
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return false;
    throw error;
  }
}

function openDraft(path: string): number {
  try {
    return openSync(path, 'wx', 0o600);
  } catch (error) {
    if (codeOf(error) !== 'EEXIST') throw error;
    throw new Error(
      `Another rotation is running. If none is, one was interrupted: remove ${path} and try again.`,
    );
  }
}

/** Flushes to the disk: data sealed under a secret that a power cut destroyed is lost. */
function writeAndClose(file: number, secrets: readonly string[]): void {
  try {
    writeFileSync(file, `${secrets.join('\n')}\n`);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

function syncFolder(path: string): void {
  const folder = openSync(path, 'r');
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}

function newSecret(): string {
  return randomBytes(32).toString('base64url');
}
