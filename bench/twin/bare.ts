import { randomBytes } from 'node:crypto';
import path from 'node:path';
import Database from 'better-sqlite3';
import express from 'express';

/**
 * The minimum that a check of a request needs: Express, a cookie, one indexed row, four headers. Reads PORT, TWIN_DIR (an empty
 * folder) and COOKIE, the value that is allowed.
 */
const ROWS = 10_000;

const db = new Database(path.join(process.env['TWIN_DIR'] ?? '', 'bare.sqlite'));
db.pragma('journal_mode = WAL');
db.exec('create table sign_ins (token text primary key, user text, email text, name text, groups text)');
const insert = db.prepare<[string]>(
  "insert into sign_ins values (?, 'ann@example.org', 'ann@example.org', 'Ann', '')",
);
db.transaction(() => {
  for (let row = 0; row < ROWS; row += 1) insert.run(randomBytes(32).toString('base64url'));
  insert.run(process.env['COOKIE'] ?? '');
})();
const find = db.prepare<[string]>('select user, email, name, groups from sign_ins where token = ?');

const app = express();
app.get('/', (request, response) => {
  const [, token = ''] = /(?:^|; )postern-app=([^;]*)/.exec(request.headers.cookie ?? '') ?? [];
  const row = find.get(token) as Record<'user' | 'email' | 'name' | 'groups', string> | undefined;
  if (!row) return void response.status(401).end();
  response.set({
    'Remote-User': row.user,
    'Remote-Email': row.email,
    'Remote-Name': row.name,
    'Remote-Groups': row.groups,
  });
  response.end();
});
app.get('/ready', (_request, response) => void response.end());
app.listen(Number(process.env['PORT']), '127.0.0.1');
