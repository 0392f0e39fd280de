import { createCipheriv, createDecipheriv, createHash, hkdfSync, randomBytes } from 'node:crypto';
import { z } from 'zod';

/** What a key is derived for; one secret never serves two purposes. */
export type KeyUse = 'session' | 'code' | 'seal';

/** A sealed text: AES-256-GCM under the key with this id. */
export const sealedText = z.object({ key: z.string(), nonce: z.string(), text: z.string(), tag: z.string() });
export type Sealed = z.infer<typeof sealedText>;

/** Gives the operator's secrets, newest first; asked again when a text was sealed under a key not met yet. */
export type SecretSource = () => readonly string[];

/** The keys of the portal, derived (HKDF-SHA256) from secrets that live outside the database (ASVS 13.3.1). */
export class Keyring {
  readonly #source: SecretSource;
  #secrets: readonly string[];

  constructor(source: SecretSource) {
    this.#source = source;
    this.#secrets = source();
  }

  /** The newest key, which seals and signs from now on. */
  current(use: KeyUse): { readonly id: string; readonly key: Buffer } {
    const [secret] = this.#secrets;
    if (secret === undefined) throw new Error('The keyring is empty.');
    return { id: keyId(secret), key: derive(secret, use) };
  }

  /** All keys, newest first: what the older ones made is still accepted. */
  keys(use: KeyUse): readonly Buffer[] {
    return this.#secrets.map((secret) => derive(secret, use));
  }

  /** The key of this id, which made something that is to be checked now; undefined when it is gone. */
  find(use: KeyUse, id: string): Buffer | undefined {
    if (!this.#secretOf(id)) this.reload();
    const secret = this.#secretOf(id);
    return secret === undefined ? undefined : derive(secret, use);
  }

  /** Seals a text for one place (`context`), so that it cannot be moved to another (ASVS 11.3.2). */
  seal(plain: string, context: string): Sealed {
    const { id, key } = this.current('seal');
    const nonce = randomBytes(12);
    const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(Buffer.from(context));
    const text = Buffer.concat([cipher.update(plain, 'utf8'), cipher.final()]);
    return {
      key: id,
      nonce: nonce.toString('base64url'),
      text: text.toString('base64url'),
      tag: cipher.getAuthTag().toString('base64url'),
    };
  }

  /** Opens a sealed text; throws when it was altered, moved, or its key is gone. */
  open(sealed: Sealed, context: string): string {
    const decipher = createDecipheriv(
      'aes-256-gcm',
      this.#keyFor(sealed),
      Buffer.from(sealed.nonce, 'base64url'),
      {
        authTagLength: 16,
      },
    );
    decipher.setAAD(Buffer.from(context));
    decipher.setAuthTag(Buffer.from(sealed.tag, 'base64url'));
    const text = Buffer.from(sealed.text, 'base64url');
    return Buffer.concat([decipher.update(text), decipher.final()]).toString('utf8');
  }

  /** Whether a text should be sealed again under the newest key. */
  isStale(sealed: Sealed): boolean {
    return sealed.key !== this.current('seal').id;
  }

  /** Reads the secrets again: another process may have rotated them. */
  reload(): void {
    this.#secrets = this.#source();
  }

  #keyFor(sealed: Sealed): Buffer {
    const key = this.find('seal', sealed.key);
    if (!key) throw new Error(`No secret has the key id ${sealed.key}.`);
    return key;
  }

  #secretOf(id: string): string | undefined {
    return this.#secrets.find((secret) => keyId(secret) === id);
  }
}

function derive(secret: string, use: KeyUse): Buffer {
  return Buffer.from(hkdfSync('sha256', secret, '', `postern ${use}`, 32));
}

/** Names a key without telling it: 8 hex digits of a hash that no other use shares. */
function keyId(secret: string): string {
  return createHash('sha256').update(derive(secret, 'seal')).update('key id').digest('hex').slice(0, 8);
}
