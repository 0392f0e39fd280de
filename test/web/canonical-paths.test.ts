import assert from 'node:assert/strict';
import { canonicalPath } from '../../src/web/canonical-paths.ts';

const PATHS = ['/', '/sign-in', '/profile', '/admin/people/invite', '/admin/people/:id', '/help/two-factor'];

describe('the intended page', () => {
  for (const [asked, meant] of [
    ['/sign-in/', '/sign-in'],
    ['/sign-in///', '/sign-in'],
    ['/Sign-In', '/sign-in'],
    ['/HELP/Two-Factor/', '/help/two-factor'],
    ['/Admin/People/Invite', '/admin/people/invite'],
    ['/admin/people/AbC%2f/', '/admin/people/AbC%2f'],
  ] as const) {
    it(`of ${asked} is ${meant}`, () => assert.equal(canonicalPath(PATHS, asked), meant));
  }

  for (const asked of [
    '/nowhere/',
    '//sign-in',
    '//evil.example/',
    '/sign-in/x',
    '/admin/people//',
    '/sign_in/',
  ]) {
    it(`of ${asked} does not exist`, () => assert.equal(canonicalPath(PATHS, asked), undefined));
  }
});
