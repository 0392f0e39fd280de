import path from 'node:path';
import { RedisStore } from 'connect-redis';
import express, { type Express } from 'express';
import session from 'express-session';
import { createClient } from 'redis';

/** An Express app with EJS and sessions in Redis, and nothing else. */
export async function bareApp(prefix: string): Promise<Express> {
  const client = createClient({ url: process.env['REDIS_URL'] ?? '' });
  await client.connect();
  const app = express();
  app.set('view engine', 'ejs');
  app.set('views', path.join(import.meta.dirname, 'views'));
  app.enable('view cache');
  app.use(
    session({
      store: new RedisStore({ client, prefix }),
      secret: 'a secret of the bench alone',
      resave: false,
      saveUninitialized: false,
      cookie: { httpOnly: true, sameSite: 'lax', maxAge: 3_600_000 },
    }),
  );
  return app;
}
