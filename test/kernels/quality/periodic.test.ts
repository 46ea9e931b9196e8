/** Runs with a short period: OLMo-core's search over random ids, bytes, and what a long run costs. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { PeriodicRuns } from "../../../kernels/quality/periodic.ts";
import { pageGolden } from "../../stages/filter/page-golden.ts";

function rangesOf(runs: PeriodicRuns): number[] {
  return Array.from({ length: runs.count }, (_, i) => [runs.starts[i], runs.ends[i]]).flat();
}

/** Ranges that touch are one for OLMo-core's mask, too. */
test("the ids that OLMo-core finds, and how often they repeat", () => {
  let found = 0;
  for (const { ids, rule, ranges, repeats } of pageGolden.olmo) {
    const runs = new PeriodicRuns({ minPeriod: rule[0], maxPeriod: rule[1], minRepeats: rule[2] });
    runs.find(Uint32Array.from(ids), 0, ids.length);
    assert.deepEqual(rangesOf(runs), ranges, `${rule}: ${ids}`);
    assert.equal(runs.repeats, repeats);
    if (runs.count > 0) found++;
  }
  assert.ok(found > 100 && found < pageGolden.olmo.length, `${found} of ${pageGolden.olmo.length}`);
});

test("every run of a naive search in random bytes of two letters", () => {
  let state = 9;
  const random = (below: number) => {
    state = (Math.imul(state, 1103515245) + 12345) & 0x7fffffff;
    return (state >>> 8) % below;
  };
  for (let round = 0; round < 300; round++) {
    const bytes = Uint8Array.from({ length: random(120) }, () => 0x61 + random(2));
    const minRepeats = 3 + random(3);
    const maxPeriod = 1 + random(9);
    const covered = new Uint8Array(bytes.length);
    for (let period = 1; period <= maxPeriod; period++) {
      for (let from = 0; from < bytes.length; from++) {
        let to = from + period;
        while (to < bytes.length && bytes[to] === bytes[to - period]) to++;
        if (to - from >= minRepeats * period && to <= bytes.length) covered.fill(1, from, to);
      }
    }
    const runs = new PeriodicRuns({ minPeriod: 1, maxPeriod, minRepeats });
    runs.find(bytes, 0, bytes.length);
    const ours = new Uint8Array(bytes.length);
    for (let i = 0; i < runs.count; i++) ours.fill(1, runs.starts[i], runs.ends[i]);
    assert.deepEqual(ours, covered, Buffer.from(bytes).toString());
  }
});
