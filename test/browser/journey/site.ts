import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { Express } from 'express';

/** A listening site, for browsers in their own processes. */
export interface Site {
  /** Counts its pages, without redirects. */
  readonly pagesServed: () => number;
  close(): Promise<void>;
}

/** Lets the app listen on a loopback port. */
export async function listensOn(port: number, app: Express): Promise<Site> {
  let pages = 0;
  const server: Server = createServer((request, response) => {
    response.once('finish', () => {
      const isPage = String(response.getHeader('content-type')).startsWith('text/html');
      const isRedirect = response.statusCode >= 300 && response.statusCode < 400;
      if (isPage && !isRedirect) pages += 1;
    });
    app(request, response);
  });
  server.listen(port, 'localhost');
  await once(server, 'listening');
  return {
    pagesServed: () => pages,
    async close() {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}
