import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { Express } from 'express';

/** A site that listens, for browsers in processes of their own. */
export interface Site {
  /** Counts the pages that it has answered with, redirects not among them. */
  readonly pagesServed: () => number;
  close(): Promise<void>;
}

/** Lets the app listen on a port of the loopback. */
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
