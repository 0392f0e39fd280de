import assert from 'node:assert/strict';
import { shipped } from './shipped.ts';

const FILES = ['nginx.conf', 'Caddyfile', 'traefik.yaml', 'haproxy.cfg', 'apache.conf'] as const;
const CLAIMS = ['User', 'Email', 'Name', 'Groups'] as const;

const guardFile = (name: string) => shipped(`guard/${name}`);

/** The file with the script that it loads. */
function withScript(name: (typeof FILES)[number]): string {
  const script = { 'haproxy.cfg': 'haproxy-postern.lua', 'apache.conf': 'apache-postern.lua' }[
    name as string
  ];
  return `${guardFile(name)}${script === undefined ? '' : guardFile(script)}`;
}

describe('The shipped files for the proxies of apps', () => {
  for (const name of FILES) {
    it(`pass on all four Remote-* headers: ${name}`, () => {
      for (const claim of CLAIMS) assert.ok(withScript(name).includes(`Remote-${claim}`), claim);
    });

    it(`remove a visitor's Remote_User and similar headers: ${name}`, () => {
      if (name === 'nginx.conf') {
        // It drops such names by default.
        assert.doesNotMatch(guardFile(name), /^\s*underscores_in_headers\s+on/m);
      } else if (name === 'haproxy.cfg') {
        assert.match(guardFile('haproxy-postern.lua'), /req_del_header\(\(name:gsub\('-', '_'\)\)\)/);
      } else for (const claim of CLAIMS) assert.ok(guardFile(name).includes(`Remote_${claim}`), claim);
    });

    it(`pass /.postern/ on to Postern, unchecked: ${name}`, () => {
      assert.match(guardFile(name), /\/\.postern\//);
    });
  }

  it('set the host of the app themselves if a visitor could write another: nginx, HAProxy, Apache', () => {
    assert.match(guardFile('nginx.conf'), /X-Original-URL https:\/\/\$server_name\$request_uri;/);
    assert.doesNotMatch(guardFile('nginx.conf'), /X-(?:Original-URL|Forwarded-Host) [^;]*\$(?:http_)?host/);
    assert.match(guardFile('haproxy.cfg'), /http-request lua\.postern wiki\.example\.org /);
    assert.match(guardFile('apache.conf'), /UseCanonicalName On/);
    assert.match(guardFile('apache.conf'), /RequestHeader set X-Forwarded-Host wiki\.example\.org/);
  });

  it('hide the guard from visitors of the portal', () => {
    for (const [file, pattern] of [
      ['nginx/postern.conf', /location \/guard\/ \{\s*return 404;/],
      ['nginx/postern.conf', /location \/\.postern\/ \{\s*return 404;/],
      ['Caddyfile', /respond \/guard\/\* 404/],
      ['Caddyfile', /respond \/\.postern\/\* 404/],
    ] as const) {
      assert.match(shipped(file), pattern, file);
    }
  });
});
