import assert from 'node:assert/strict';
import fc from 'fast-check';
import { onBothStores } from '../support/portal.ts';
import { Walk } from '../support/walk.ts';
import { knownSteps, type Step, steps } from '../support/walk-steps.ts';

/** `SEED=…` repeats a walk. */
const SEED = Number(process.env['SEED'] ?? Date.now() % 2 ** 31);
/** So many walks are made however slow the machine is, and as many more as there is time for. */
const FEWEST = 8;
const TIME_LIMIT = 5000;

onBothStores('An attacker who tries everything in any order', (portal) => {
  it(`is nowhere signed in without the factors that the policy asks for (seed ${SEED})`, async function () {
    this.timeout(TIME_LIMIT * 10);
    const reached = { walks: 0, withFactor: 0, without: 0, inGrace: 0 };
    const walks = async (path: readonly Step[]) => {
      const walk = await Walk.begin(portal());
      for (const step of path) await walk.take(step);
      reached.walks += 1;
      reached.withFactor += walk.reached.withFactor;
      reached.without += walk.reached.without;
      reached.inGrace += walk.reached.inGrace;
    };
    let walking = Promise.resolve();
    const property = fc.asyncProperty(steps, (path) => {
      walking = walks(path);
      return walking;
    });
    const examples = knownSteps.map((path): [Step[]] => [path]);
    await fc.assert(property, { seed: SEED, examples, numRuns: FEWEST });
    await fc.assert(property, {
      seed: SEED + 1,
      numRuns: 10_000,
      interruptAfterTimeLimit: TIME_LIMIT,
      markInterruptAsFailure: false,
    });
    // The one that the time limit has interrupted goes on until its end.
    await walking;
    // Walks that never get in by either way would show nothing.
    const { walks: made, withFactor, without, inGrace } = reached;
    assert.ok(made >= FEWEST && withFactor > 0 && without > 0 && inGrace > 0, JSON.stringify(reached));
  });
});
