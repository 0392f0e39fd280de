import assert from 'node:assert/strict';
import fc from 'fast-check';
import { onBothStores } from '../support/portal.ts';
import { Walk } from '../support/walk.ts';
import { knownSteps, type Step, steps } from '../support/walk-steps.ts';

/** `SEED=…` repeats the walks. */
const SEED = Number(process.env['SEED'] ?? Date.now() % 2 ** 31);
/** Tests, each with a few random walks: none is long, however slow the machine is. */
const TESTS = 6;
const WALKS = 3;

onBothStores('An attacker who tries everything in random order', (portal) => {
  const walks = async (path: readonly Step[]) => {
    const walk = await Walk.begin(portal());
    for (const step of path) await walk.take(step);
    return walk.reached;
  };

  for (const [index, path] of knownSteps.entries()) {
    it(`is never signed in without the factors that the policy requires (known walk ${index + 1})`, async () => {
      const { withFactor, without, inGrace } = await walks(path);
      assert.ok(withFactor + without + inGrace > 0, 'a walk that never gets in shows nothing');
    });
  }

  it('gets in with a second factor, without one, and during a grace period', async () => {
    const missing = new Set(['withFactor', 'without', 'inGrace'] as const);
    for (const path of knownSteps) {
      const reached = await walks(path);
      for (const way of missing) if (reached[way] > 0) missing.delete(way);
      if (missing.size === 0) return;
    }
    assert.fail([...missing].join());
  });

  for (let seed = SEED; seed < SEED + TESTS; seed += 1) {
    it(`is never signed in without the factors that the policy requires (seed ${seed})`, () =>
      fc.assert(
        fc.asyncProperty(steps, async (path) => {
          await walks(path);
        }),
        { seed, numRuns: WALKS },
      ));
  }
});
