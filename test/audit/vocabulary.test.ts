import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type AuditEvent, logFieldsOf } from '../../src/audit/event.ts';
import {
  AUDIT_EVENTS,
  type AuditEventName,
  EVENTS,
  LOG_EVENTS,
  meaningOf,
} from '../../src/audit/vocabulary.ts';

/** All names of the OWASP Application Logging Vocabulary Cheat Sheet, as of 2025. */
const VOCABULARY = [
  ...['success', 'successafterfail', 'fail', 'fail_max', 'lock'].map((name) => `authn_login_${name}`),
  ...['authn_password_change', 'authn_password_change_fail', 'authn_impossible_travel'],
  ...['created', 'revoked', 'reuse', 'delete'].map((name) => `authn_token_${name}`),
  ...['authz_fail', 'authz_change', 'authz_admin', 'crypt_decrypt_fail', 'crypt_encrypt_fail'],
  'excess_rate_limit_exceeded',
  ...['upload_complete', 'upload_stored', 'upload_validation', 'upload_delete'],
  ...['input_validation_fail', 'input_validation_discrete_fail'],
  ...['excess_404', 'extraneous', 'attack_tool', 'cors', 'direct_reference'].map(
    (name) => `malicious_${name}`,
  ),
  'privilege_permissions_changed',
  ...['create', 'read', 'update', 'delete'].map((name) => `sensitive_${name}`),
  'sequence_fail',
  ...['created', 'renewed', 'expired', 'use_after_expire'].map((name) => `session_${name}`),
  ...['startup', 'shutdown', 'restart', 'crash', 'monitor_disabled', 'monitor_enabled'].map(
    (name) => `sys_${name}`,
  ),
  ...['created', 'updated', 'archived', 'deleted'].map((name) => `user_${name}`),
];

function event(name: AuditEventName, detail: AuditEvent['detail'] = {}): AuditEvent {
  return {
    ...{ id: 'id', at: 0, event: name, requestId: 'request', address: '192.0.2.7', browser: 'Lynx', detail },
    ...{ actorId: 'ada', actorLabel: 'a password?', subjectId: 'ann', subjectLabel: 'ann@example.org' },
  };
}

describe('The names of events in the log', () => {
  it('are all from the OWASP vocabulary', () => {
    const strange = Object.keys(LOG_EVENTS).filter((name) => !VOCABULARY.includes(name));
    assert.deepEqual(strange, []);
  });

  it('are in docs/operations.md, with every event of the audit log that has them', () => {
    const page = readFileSync(join(import.meta.dirname, '../../docs/operations.md'), 'utf8');
    const rows = [...page.matchAll(/^\| `([a-z_]+)` +\| ([^|]*)\|/gm)].filter(([, name]) =>
      VOCABULARY.includes(name ?? ''),
    );
    const documented = rows.map(([, name, events = '']) => [
      name,
      [...events.matchAll(/`([a-z-]+(?:\.[a-z-]+)?)`/g)].map(([, one]) => one),
    ]);
    const real = Object.keys(LOG_EVENTS).map((name) => [
      name,
      AUDIT_EVENTS.filter((one) => EVENTS[one].log === name),
    ]);
    assert.deepEqual(documented, real);
  });

  it('distinguish a code that was requested too soon from one that the mail server refused', () => {
    const named = (outcome: string) => meaningOf(event('second-step.code-not-sent', { outcome })).log;
    assert.deepEqual(
      [named('wait'), named('refused')],
      ['excess_rate_limit_exceeded', 'authn_token_revoked'],
    );
  });

  it('come with ids, and with nothing that a person has typed', () => {
    const typed = { authenticator: 'Phone', reason: 'she called', identity: 'passport', to: 'b@example.org' };
    for (const name of AUDIT_EVENTS) {
      assert.deepEqual(logFieldsOf(event(name, { method: 'app', failures: '3', ...typed })), {
        event: EVENTS[name].log,
        audit: name,
        ...{ person: 'ann', by: 'ada', address: '192.0.2.7', requestId: 'request' },
        ...{ method: 'app', failures: '3' },
      });
    }
  });

  it('are rate limits for all events with such a name, and for a code that was requested too soon', () => {
    const limited = AUDIT_EVENTS.filter((name) => meaningOf(event(name)).isRateLimited);
    assert.deepEqual(
      limited,
      AUDIT_EVENTS.filter((name) => name.endsWith('.throttled')),
    );
    assert.equal(meaningOf(event('second-step.code-not-sent', { outcome: 'wait' })).isRateLimited, true);
    assert.equal(meaningOf(event('second-step.code-not-sent', { outcome: 'away' })).isRateLimited, undefined);
  });
});
