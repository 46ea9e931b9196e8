/** Damage in table files: what pyarrow finds is found here, and nothing else than a named error or rows comes of it. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { MUTANT_FILES, mutant, mutantFile, outcomeOf, pyarrowVerdicts } from "./mutants.ts";

/** The table in docs/LOG.md has 2,000 a file: mutant-table.ts. */
const MUTANTS = 150;
/** A hang, on however busy a machine. */
const SLOWEST_MS = 20_000;

for (const name of MUTANT_FILES) {
  test(`${name}: ${MUTANTS} mutants are refused, read as they were, or silent where pyarrow is silent too`, async () => {
    const original = mutantFile(name);
    const verdicts = pyarrowVerdicts().get(name) ?? "";
    assert.ok(verdicts.length >= MUTANTS);
    const counts = { refused: 0, same: 0, different: 0, leaked: 0 };
    for (let seed = 0; seed < MUTANTS; seed++) {
      const started = performance.now();
      const outcome = await outcomeOf(name, mutant(original, seed), original);
      assert.ok(performance.now() - started < SLOWEST_MS, `mutant ${seed} took too long`);
      counts[outcome]++;
      assert.notEqual(outcome, "leaked", `mutant ${seed}`);
      if (outcome === "different") assert.equal(verdicts[seed], "d", `mutant ${seed} is read in silence`);
    }
    assert.ok(counts.refused > 50 && counts.same > 5, JSON.stringify(counts));
  });
}
