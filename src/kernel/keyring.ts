import {
  createCipheriv,
  createDecipheriv,
  createHash,
  createSecretKey,
  hkdfSync,
  type KeyObject,
  randomBytes,
} from 'node:crypto';
import { z } from 'zod';

/** What a key is derived for: each purpose has its own. */
export type KeyUse = 'session' | 'code' | 'seal' | 'device' | 'address' | 'submission';

/** A sealed text: AES-256-GCM under the key with this id. */
export const sealedText = z.object({ key: z.string(), nonce: z.string(), text: z.string(), tag: z.string() });
export type Sealed = z.infer<typeof sealedText>;

/** Returns the operator's secrets, newest first. Called again when a text names an unknown key: a rotation. */
export type SecretSource = () => readonly string[];

/** The keys of the portal, derived (HKDF-SHA256) from secrets that live outside the database (ASVS 13.3.1). */
export class Keyring {
  readonly #source: SecretSource;
  #secrets: readonly Secret[];

  constructor(source: SecretSource) {
    this.#source = source;
    this.#secrets = source().map(withKeys);
  }

  /** The newest key: it seals and signs. */
  current(use: KeyUse): { readonly id: string; readonly key: KeyObject } {
    const [secret] = this.#secrets;
    if (secret === undefined) throw new Error('The keyring is empty.');
    return { id: secret.id, key: secret.key(use) };
  }

  /** All keys, newest first. What older keys sealed or signed is still accepted. */
  keys(use: KeyUse): readonly KeyObject[] {
    return this.#secrets.map((secret) => secret.key(use));
  }

  /** The key with this id, to check something that was made with it; undefined if it is gone. */
  find(use: KeyUse, id: string): KeyObject | undefined {
    if (!this.#secretOf(id)) this.reload();
    return this.#secretOf(id)?.key(use);
  }

  /** Seals a text for one `context` (the row and column): moved elsewhere, it does not open (ASVS 11.3.2). */
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

  /** Opens a sealed text. Throws if it was altered or moved, or if its key is gone. */
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

  /** Whether a text was sealed under an older key than the newest. */
  isStale(sealed: Sealed): boolean {
    return sealed.key !== this.current('seal').id;
  }

  /** Reads the secrets again: another process may have rotated them. */
  reload(): void {
    this.#secrets = this.#source().map(withKeys);
  }

  #keyFor(sealed: Sealed): KeyObject {
    const key = this.find('seal', sealed.key);
    if (!key) throw new Error(`No secret has the key id ${sealed.key}.`);
    return key;
  }

  #secretOf(id: string): Secret | undefined {
    return this.#secrets.find((secret) => secret.id === id);
  }
}

/** A secret of the operator's with the keys that are derived from it. */
interface Secret {
  readonly id: string;
  key(use: KeyUse): KeyObject;
}

/** Derives each key once: every form and every sealed text needs one. Node takes 10 µs longer for a key in a Buffer. */
function withKeys(secret: string): Secret {
  const keys = new Map<KeyUse, KeyObject>();
  return {
    id: keyId(secret),
    key(use) {
      const key = keys.get(use) ?? derive(secret, use);
      keys.set(use, key);
      return key;
    },
  };
}

function derive(secret: string, use: KeyUse): KeyObject {
  return createSecretKey(Buffer.from(hkdfSync('sha256', secret, '', `postern ${use}`, 32)));
}

/** A public name for a key: 8 hex digits of a hash that has no other use. */
function keyId(secret: string): string {
  return createHash('sha256')
    .update(derive(secret, 'seal').export())
    .update('key id')
    .digest('hex')
    .slice(0, 8);
}
