/**
 * The table of mutants in docs/LOG.md: `node dist/test/stages/read/mutant-table.js [--each]`, in the root of the repository.
 *
 * 2,000 mutants a file, ours beside pyarrow's. With --each every mutant that we read otherwise in silence, and pyarrow does not, is named.
 */
import { MUTANT_FILES, mutant, mutantFile, outcomeOf, pyarrowVerdicts } from "./mutants.ts";

const golden = pyarrowVerdicts();
const isLong = process.argv.includes("--each");
console.log(
  "| file | found | identical | silent | of these, pyarrow silent too | leaked | pyarrow: found | slowest ms |",
);
console.log("| --- | --- | --- | --- | --- | --- | --- | --- |");
for (const name of MUTANT_FILES) {
  const original = mutantFile(name);
  const verdicts = golden.get(name) ?? "";
  const counts = { refused: 0, same: 0, different: 0, leaked: 0 };
  let both = 0;
  let slowest = 0;
  for (let seed = 0; seed < verdicts.length; seed++) {
    const started = performance.now();
    const outcome = await outcomeOf(name, mutant(original, seed), original);
    slowest = Math.max(slowest, performance.now() - started);
    counts[outcome]++;
    if (outcome === "different" && verdicts[seed] === "d") both++;
    else if (isLong && (outcome === "different" || outcome === "leaked")) {
      console.error(`${name} ${seed}: ${outcome}, pyarrow ${verdicts[seed]}`);
    }
  }
  const found = [...verdicts].filter((letter) => letter === "r").length;
  const { refused, same, different, leaked } = counts;
  const cells = [name, refused, same, different, both, leaked, found, Math.round(slowest)];
  console.log(`| ${cells.join(" | ")} |`);
}
