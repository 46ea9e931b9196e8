/**
 * Which mixture? The whole loop: token stores made once, candidates drawn over them, a real model trained on each, a law fitted to their losses, and
 * the mixture it proposes trained as well, beside the one that reads sources by their size. Exit code 1 where the proposal is no better.
 *
 *   node examples/mixture/main.js [--out FOLDER] [--data FOLDER] [--tokens N] [--candidates N] [--workers N] [--python PYTHON]
 */
import { execFileSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import {
  fitMixture,
  metricsCsv,
  openRun,
  parseSize,
  readDocuments,
  readManifest,
  runRecipe,
  sweepMixtures,
} from "shardmill";
import { TrigramModel } from "./ngram.js";
import { exampleRecipe } from "./recipe.js";
import { candidateWindows, openWindows, windowFiles } from "./windows.js";

const text = { type: "string" };
const { values: flags } = parseArgs({
  options: {
    out: { ...text, default: "out" },
    data: text,
    tokens: { ...text, default: "300K" },
    candidates: text,
    workers: text,
    python: text,
  },
});
const { out } = flags;
const tokens = parseSize(flags.tokens);
const recipe = exampleRecipe({ data: flags.data, tokens });

// 1. Tokens, windows and held-out sets, once.
await runRecipe(recipe, { out, ...(flags.workers === undefined ? {} : { workers: Number(flags.workers) }) });
const run = openRun(recipe.name, out);
const manifest = await readManifest(run);
const domains = Object.keys(manifest.sources);
console.log(
  `${domains.length} domains: ${domains.map((name) => `${name} ${size(manifest.sources[name].packing.tokens)}`).join(", ")}`,
);

// 2. Candidates: manifests over the same stores.
const candidates = Number(flags.candidates ?? Math.max(32, 4 * domains.length));
const draw = { method: "regmix", candidates };
const sweep = await sweepMixtures(recipe.name, { out, spec: { name: "mixture-example", draw }, trainers: [] });

// 3. A training each.
const train = flags.python === undefined ? await trigrams() : transformers(flags.python);
const metrics = domains.map((name) => `${name}_loss`);
const rows = train(sweep).map((values, i) => ({ run: sweep.candidates[i].id, name: sweep.candidates[i].name, values }));
const metricsFile = path.join(out, "mixture-example.metrics.csv");
fs.writeFileSync(metricsFile, metricsCsv({ metrics, rows }));
const losses = rows.map(({ values }) => mean(values));
console.log(
  `${rows.length} candidates of ${size(tokens)} tokens trained: mean loss ${nats(Math.min(...losses))} to ${nats(Math.max(...losses))}`,
);

// 4. The law, and what it proposes: as `shardmill mix fit --ratios … --metrics … --max-epochs 2` would.
const asked = {
  ratios: [path.join(sweep.folder, "ratios.csv")],
  metrics: [metricsFile],
  out,
  max_epochs: recipe.limits.max_epochs,
  budgets: { "": tokens },
};
const fit = await fitMixture(asked);
const proposal = fit.proposals.find(({ lambda }) => lambda === fit.chosen_lambda);
for (const [metric, { [fit.law]: quality }] of Object.entries(fit.quality)) {
  console.log(`  ${metric.padEnd(24)} rank correlation out of fold ${quality.spearman.toFixed(3)}`);
}

// 5. The proof: the proposal and the prior trained in the same way.
const mixtures = [fit.prior.weights, proposal.weights];
const proof = await sweepMixtures(recipe.name, {
  out,
  spec: { name: "mixture-example-proof", draw: { method: "list", mixtures } },
  trainers: [],
});
const { predictions } = await fitMixture({ ...asked, predict: path.join(proof.folder, "ratios.csv") });
if (proof.candidates.length < 2) throw new Error(`not both can be trained: ${JSON.stringify(proof.rejected)}`);
const [prior, proposed] = train(proof);
console.log(`\n${"".padEnd(24)} ${"prior".padStart(17)} ${"proposal".padStart(17)}`);
for (const [i, name] of domains.entries()) {
  const cell = (weights, loss) => `${percent(weights[name])} ${nats(loss[i])}`.padStart(17);
  console.log(`${name.padEnd(24)} ${cell(fit.prior.weights, prior)} ${cell(proposal.weights, proposed)}`);
}
console.log(`${"mean loss".padEnd(24)} ${nats(mean(prior)).padStart(17)} ${nats(mean(proposed)).padStart(17)}`);
const predicted = [0, 1].map((row) => mean(metrics.map((metric) => predictions[metric][row])));
console.log(`${"as predicted".padEnd(24)} ${nats(predicted[0]).padStart(17)} ${nats(predicted[1]).padStart(17)}`);
if (mean(proposed) < mean(prior))
  console.log(`the proposal is better by ${nats(mean(prior) - mean(proposed))} nats a token`);
else {
  console.log("the proposal is NOT better than the prior");
  process.exitCode = 1;
}

/** Trains the candidates of a sweep; returns of each the losses by domain, in nats a token of the held-out documents. */
async function trigrams() {
  const { tokenizer, stage } = manifest;
  const files = {
    store: path.join(out, "store"),
    tokenBytes: tokenizer.token_bytes,
    windowTokens: stage.window_tokens,
  };
  const windowsOf = Object.fromEntries(domains.map((name) => [name, openWindows(manifest.sources[name], files)]));
  const heldOut = new Map(domains.map((name) => [name, []]));
  for await (const document of readDocuments(run)) {
    if (document.held_out) heldOut.get(document.source).push(document.tokens.slice());
  }
  return (swept) =>
    candidateFolders(swept).map((folder) => {
      const windows = [...candidateWindows(folder, windowsOf)];
      const model = new TrigramModel(tokenizer.vocab_size, windows.length * stage.window_tokens);
      for (const window of windows) model.train(window);
      return domains.map((name) => {
        const documents = heldOut.get(name);
        const nats = documents.reduce((sum, ids) => sum + model.loss(ids, tokenizer.eos.id), 0);
        return round(nats / documents.reduce((sum, ids) => sum + ids.length, 0));
      });
    });
}

/** As {@link trigrams}, with a transformer in a process of its own; held out are windows. */
function transformers(python) {
  const { tokenizer, stage, sources } = manifest;
  const paths = ({ files }) => windowFiles(files).map((file) => path.join(out, "store", file.path));
  const job = {
    token_bytes: tokenizer.token_bytes,
    vocab_size: tokenizer.vocab_size,
    window_tokens: stage.window_tokens,
    // More make such small matrices no faster, and on a busy machine much slower.
    threads: 1,
    windows: Object.fromEntries(domains.map((name) => [name, paths(sources[name])])),
    held_out: domains.map((name) => paths(sources[name].validation)),
  };
  return (swept) => {
    const input = JSON.stringify({ ...job, candidates: candidateFolders(swept) });
    const script = fileURLToPath(new URL("transformer.py", import.meta.url));
    const told = execFileSync(python, [script], { input, encoding: "utf8", stdio: ["pipe", "pipe", "inherit"] });
    return told
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
  };
}

function candidateFolders({ folder, candidates }) {
  return candidates.map(({ id }) => path.join(folder, "candidates", id));
}
function mean(values) {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
/** The last digits of a logarithm are not the same on every machine. */
function round(value) {
  return Math.round(value * 1e6) / 1e6;
}
function nats(value) {
  return value.toFixed(4);
}
function percent(share) {
  return `${(100 * share).toFixed(2)} %`;
}
function size(count) {
  return count < 1e6 ? `${Math.round(count / 1e3)}K` : `${(count / 1e6).toFixed(2)}M`;
}
