import assert from 'node:assert/strict';
import type { AuditEvent } from '../../src/audit/event.ts';
import { AUDIT_EVENTS, type AuditEventName } from '../../src/audit/vocabulary.ts';
import { COUNTERS, countsOf } from '../../src/metrics/counters.ts';
import { METHOD_IDS } from '../../src/settings/method-ids.ts';

/** An event caused by a stranger: all typed values differ each time. */
function event(name: AuditEventName, detail: AuditEvent['detail'] = {}): AuditEvent {
  const strange = 'ann@example.org" } 1';
  return {
    ...{ id: strange, at: 0, event: name, address: strange, browser: strange, requestId: strange, detail },
    ...{ actorId: strange, actorLabel: strange, subjectId: strange, subjectLabel: strange },
  };
}

describe('A metric of an event of the audit log', () => {
  const details: readonly AuditEvent['detail'][] = [
    {},
    ...[...METHOD_IDS, 'smoke signals'].flatMap((method) =>
      ['sign-in', 'step-up', 'enrolment', 'e-mail change', 'recovery code'].flatMap((purpose) =>
        ['wait', 'refused', '"'].map((outcome) => ({ method, purpose, outcome, fault: '"' })),
      ),
    ),
  ];

  it('has the labels of its counter, each with a value that is known in advance', () => {
    const seen = new Set<string>();
    for (const name of AUDIT_EVENTS) {
      for (const { counter, labels } of details.flatMap((detail) => countsOf(event(name, detail)))) {
        const known: Readonly<Record<string, readonly string[]>> = COUNTERS[counter].labels;
        assert.deepEqual(Object.keys(labels), Object.keys(known), name);
        for (const [label, value] of Object.entries(labels)) {
          assert.ok(known[label]?.includes(value), `${name}: ${label}="${value}"`);
        }
        seen.add(counter);
      }
    }
    assert.deepEqual(seen, new Set(['sign_ins', 'second_steps', 'throttled']));
  });

  it('exists for everything that a limit has refused', () => {
    for (const name of AUDIT_EVENTS.filter((one) => one.endsWith('.throttled'))) {
      const counted = countsOf(event(name)).map(({ counter }) => counter);
      assert.ok(counted.includes('throttled'), name);
    }
  });

  it('counts a wrong password at a step-up like one at the sign-in, and a wrong code there as a second step', () => {
    assert.deepEqual(countsOf(event('step-up.refused')), [
      { counter: 'sign_ins', labels: { outcome: 'password_refused' } },
    ]);
    const wrongCode = { method: 'app', purpose: 'step-up', fault: 'wrong' };
    assert.deepEqual(countsOf(event('step-up.refused', wrongCode)), [
      { counter: 'second_steps', labels: { method: 'app', outcome: 'refused' } },
    ]);
  });

  it('counts no second step if a code sets something up', () => {
    assert.deepEqual(countsOf(event('second-step.refused', { method: 'email', purpose: 'enrolment' })), []);
    assert.deepEqual(countsOf(event('second-step.refused', { method: 'email', purpose: 'sign-in' })), [
      { counter: 'second_steps', labels: { method: 'email', outcome: 'refused' } },
    ]);
  });
});
