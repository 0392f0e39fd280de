import assert from 'node:assert/strict';
import { bind, type Transaction } from '../../src/kernel/transaction.ts';

describe('Services that are bound to a transaction', () => {
  const transaction = (): Transaction => ({ afterCommit: (act) => act() });
  const clock = () => 1;
  const store = { in: (tx: Transaction) => ({ ...store, tx }), tx: undefined as Transaction | undefined };
  const services = { store, group: { store }, clock };

  it('are bound once each, also in a group; what takes no part stays as it is', () => {
    const tx = transaction();
    const bound = bind(services, tx);
    assert.equal(bound.store.tx, tx);
    assert.equal(bound.store, bound.store);
    assert.equal(bound.group.store.tx, tx);
    assert.equal(bound.clock, clock);
    assert.equal(services.store.tx, undefined);
  });

  it('stay the same when they are bound to it again', () => {
    const tx = transaction();
    const bound = bind(services, tx);
    assert.equal(bind(bound, tx), bound);
  });

  it('cannot be bound to another transaction', () => {
    const bound = bind(services, transaction());
    assert.throws(() => bind(bound, transaction()), /another transaction/);
  });
});
