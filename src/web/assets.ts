import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { extname, join } from 'node:path';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';
import type { Request, RequestHandler, Response } from 'express';

const CONTENT_TYPES: ReadonlyMap<string, string> = new Map([
  ['.css', 'text/css; charset=utf-8'],
  ['.js', 'text/javascript; charset=utf-8'],
  ['.svg', 'image/svg+xml; charset=utf-8'],
  ['.png', 'image/png'],
  ['.ico', 'image/x-icon'],
]);

/** In order of preference: brotli is smaller. */
const ENCODINGS = ['br', 'gzip'] as const;
type Encoding = (typeof ENCODINGS)[number];

interface Asset {
  readonly url: string;
  readonly inlined: string;
  readonly contentType: string;
  readonly hash: string;
  readonly body: Buffer;
  /** The body in the encodings in which it is smaller. Compressed when it is first asked for: the start takes less long. */
  readonly compressed: () => ReadonlyMap<Encoding, Buffer>;
}

export interface Assets {
  /** The hashed URL path of a file by its name; throws if there is no such file. */
  url(name: string): string;
  /** The file as a `data:` URL, for files smaller than a request; throws like `url`. */
  inlined(name: string): string;
  /** Answers everything below `/assets/`. Mount it at the root, before the sessions. */
  readonly middleware: RequestHandler;
}

/**
 * Reads the files of `folder` into memory and serves each under a URL with the hash of its content, so that browsers may
 * keep it for a year (RFC 8246) and a deployment never mixes old and new files. Throws if the folder cannot be read or
 * contains an unknown file type.
 */
export function loadAssets(folder: string): Assets {
  const byName = new Map(fileNames(folder).map((name) => [name, loadAsset(folder, name)]));
  const byUrl = new Map([...byName.values()].map((asset) => [asset.url, asset]));
  const named = (name: string): Asset => {
    const asset = byName.get(name);
    if (!asset) throw new Error(`There is no asset "${name}" in ${folder}`);
    return asset;
  };
  return {
    url: (name) => named(name).url,
    inlined: (name) => named(name).inlined,
    middleware(request, response, next) {
      if (!request.path.startsWith('/assets/')) return next();
      const asset = byUrl.get(request.path);
      if (!asset) return refuse(response, 404, 'Not found');
      if (request.method === 'GET' || request.method === 'HEAD') return send(asset, request, response);
      response.set('Allow', 'GET, HEAD');
      return refuse(response, 405, 'Method not allowed');
    },
  };
}

function fileNames(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isFile() && !entry.name.startsWith('.'))
    .map((entry) => entry.name);
}

function loadAsset(folder: string, name: string): Asset {
  const extension = extname(name);
  const contentType = CONTENT_TYPES.get(extension);
  if (contentType === undefined) throw new Error(`The asset "${name}" has an unknown type`);
  const body = readFileSync(join(folder, name));
  const hash = createHash('sha256').update(body).digest('hex').slice(0, 16);
  const url = `/assets/${name.slice(0, -extension.length)}.${hash}${extension}`;
  const inlined = `data:${contentType.replace(' ', '')};base64,${body.toString('base64')}`;
  let compressed: ReadonlyMap<Encoding, Buffer> | undefined;
  return {
    ...{ url, inlined, contentType, hash, body },
    compressed: () => {
      compressed ??= compress(body);
      return compressed;
    },
  };
}

function compress(body: Buffer): ReadonlyMap<Encoding, Buffer> {
  const candidates: [Encoding, Buffer][] = [
    ['br', brotliCompressSync(body, { params: { [constants.BROTLI_PARAM_SIZE_HINT]: body.length } })],
    ['gzip', gzipSync(body, { level: constants.Z_BEST_COMPRESSION })],
  ];
  return new Map(candidates.filter(([, compressed]) => compressed.length < body.length));
}

function send(asset: Asset, request: Request, response: Response): void {
  const compressed = asset.compressed();
  const encoding = ENCODINGS.find((one) => compressed.has(one) && request.acceptsEncodings(one) === one);
  const body = (encoding && compressed.get(encoding)) ?? asset.body;
  response.set({
    'Content-Type': asset.contentType,
    'Cache-Control': 'public, max-age=31536000, immutable',
    // Strong validators differ between encodings of the same content (RFC 9110 §8.8.3.3).
    ETag: encoding ? `"${asset.hash}-${encoding}"` : `"${asset.hash}"`,
    Vary: 'Accept-Encoding',
  });
  if (encoding) response.set('Content-Encoding', encoding);
  response.send(body);
}

/** Not cached: during a deployment another instance may have the file. */
function refuse(response: Response, status: number, text: string): void {
  response.status(status).set('Cache-Control', 'no-store').type('text/plain').send(text);
}
