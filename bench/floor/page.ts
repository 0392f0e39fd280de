import { bareApp } from './app.ts';

declare module 'express-session' {
  interface SessionData {
    name?: string;
  }
}

/** The least that a page of this stack can cost: Express, a session in Redis, one EJS page that shows a value of it. */
const app = await bareApp('floor-page:');
app.get('/', (request, response) => response.render('page', { name: request.session.name ?? 'nobody' }));
app.get('/begin', (request, response) => {
  request.session.name = 'Ann';
  response.redirect('/');
});
app.listen(Number(process.env['PORT']), '127.0.0.1');
