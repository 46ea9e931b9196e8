import assert from "node:assert/strict";
import test from "node:test";
import { boundsOf } from "../../../mixtures/experiments/caps.ts";
import { type FitTablesOptions, fitTables } from "../../../mixtures/experiments/fit.ts";
import { parseLogProbs } from "../../../mixtures/experiments/log-probs.ts";
import { mixtureFile, parseMixture } from "../../../mixtures/experiments/mixture-files.ts";
import { parsePriors, priorsJson, priorsOf } from "../../../mixtures/experiments/priors.ts";
import { type MetricTable, type RatioTable, storesDigest } from "../../../mixtures/experiments/tables.ts";
import { roundWeights } from "../../../mixtures/experiments/weights.ts";
import { drawnRows, lossesOf } from "../../kernels/fit/synthetic.ts";

const COLUMNS = ["web", "code", "math", "books"];
const SLOPES = { prose: [-3, 0.4, 0.2, -2], code: [0.2, -4, -0.5, 0.3] };
const rows = drawnRows(120, [0.6, 0.4, 0.3, 0.5]);
const ratioTable = (columns: readonly string[], all = rows): RatioTable => ({
  columns,
  rows: Array.from({ length: all.count }, (_, i) => ({
    run: `r${i}`,
    name: `r${i}`,
    ratios: [...all.values.subarray(i * all.width, (i + 1) * all.width)],
  })),
});
/** Runs differ by their seeds too; without that trees would grow for ever. */
const noisy = (losses: Float64Array): Float64Array => losses.map((loss, i) => loss + 0.004 * Math.sin(1000 * i * loss));
const losses = { prose: noisy(lossesOf(rows, 2, SLOPES.prose)), code: noisy(lossesOf(rows, 1, SLOPES.code)) };
const metricTable: MetricTable = {
  metrics: ["prose", "code"],
  rows: Array.from({ length: rows.count }, (_, i) => ({
    run: `r${i}`,
    name: `r${i}`,
    values: [losses.prose[i], i === 5 ? Number.NaN : losses.code[i]],
  })),
};
const priors = priorsOf({ web: 600, code: 200, math: 50, books: 150 });
const options: FitTablesOptions = { ratios: [ratioTable(COLUMNS)], metrics: [metricTable], prior: priors, draws: 300 };

/** The best of many mixtures by the truth, λ = 0. */
function bestTrue(caps: readonly number[]): number {
  let best = Number.POSITIVE_INFINITY;
  const steps = 40;
  for (let a = 0; a <= steps; a++) {
    for (let b = 0; a + b <= steps; b++) {
      for (let c = 0; a + b + c <= steps; c++) {
        const shares = [a, b, c, steps - a - b - c].map((count) => count / steps);
        if (shares.some((share, k) => share > caps[k] + 1e-9)) continue;
        best = Math.min(best, trueLoss(shares));
      }
    }
  }
  return best;
}
const trueLoss = (shares: readonly number[]): number => {
  const part = (slopes: readonly number[]) => Math.exp(slopes.reduce((sum, slope, k) => sum + slope * shares[k], 0));
  return (2 + part(SLOPES.prose) + 1 + part(SLOPES.code)) / 2;
};

test("the optimum of a known truth is recovered, with quality of runs that were not seen", () => {
  const fit = fitTables({ ...options, compare: true, bootstrap: 5, lambda: 0.01, draws: 2000 });
  assert.equal(fit.runs, 120);
  assert.deepEqual(fit.targets, { prose: 0.5, code: 0.5 });
  assert.equal(fit.quality.code["log-linear"]?.runs, 119);
  for (const metric of ["prose", "code"]) {
    assert.ok((fit.quality[metric]["log-linear"]?.spearman ?? 0) > 0.999);
    assert.ok((fit.quality[metric].trees?.spearman ?? 0) > 0.8);
    assert.deepEqual(Object.keys(fit.quality[metric]), ["log-linear", "mixing-law", "trees", "ridge"]);
  }
  const [free] = fit.proposals;
  const shares = COLUMNS.map((column) => free.weights[column]);
  assert.ok(trueLoss(shares) <= bestTrue([1, 1, 1, 1]) + 1e-3, `${shares}`);
  assert.ok(Math.abs(free.predicted_loss.by_law - trueLoss(shares)) < 1e-3);
  assert.ok((free.certificate?.gap ?? 1) < 1e-6);
  // Further from the prior costs more, and is predicted to be better.
  const kls = fit.proposals.map(({ kl_nats }) => kl_nats);
  assert.deepEqual(
    kls,
    kls.toSorted((a, b) => b - a),
  );
  assert.deepEqual(
    fit.proposals.map(({ lambda }) => lambda),
    [0, 0.005, 0.01, 0.02, 0.05, 0.1],
  );
  for (const { weights } of [...fit.proposals, fit.drawn]) {
    const units = Object.values(weights).map((weight) => weight * 1e6);
    assert.equal(Math.round(units.reduce((a, b) => a + b)), 1e6);
    assert.ok(units.every((unit) => Math.abs(unit - Math.round(unit)) < 1e-6));
  }
  assert.equal(fit.drawn.judged_by, "trees");
  const spread = fit.bootstrap?.weights.code;
  const taken = fit.proposals[2].weights.code;
  assert.ok(
    spread !== undefined && spread.p5 <= taken + 0.02 && spread.p95 >= taken - 0.02 && spread.standard_deviation < 0.02,
  );
});

test("the same tables give the same result, another seed other folds", () => {
  const again = JSON.stringify(fitTables({ ...options, law: "ridge" }));
  assert.equal(JSON.stringify(fitTables({ ...options, law: "ridge" })), again);
  assert.notEqual(JSON.stringify(fitTables({ ...options, law: "ridge", seed: 1 })), again);
});

test("predictions are of the rows that are asked about, whatever the order of their columns", () => {
  const predict: RatioTable = {
    columns: ["code", "web", "fiction"],
    rows: [
      { run: "x", name: "x", ratios: [0.25, 0.75, 0] },
      { run: "y", name: "y", ratios: [1, 0, 0] },
    ],
  };
  const { predictions } = fitTables({ ...options, predict });
  const truth = (metric: "prose" | "code", floor: number, [code, web]: readonly number[]) =>
    floor + Math.exp(SLOPES[metric][0] * web + SLOPES[metric][1] * code);
  for (const [i, { ratios }] of predict.rows.entries()) {
    assert.ok(Math.abs((predictions?.prose[i] ?? 0) - truth("prose", 2, ratios)) < 5e-3);
    assert.ok(Math.abs((predictions?.code[i] ?? 0) - truth("code", 1, ratios)) < 5e-3);
  }
  const strange = { ...predict, rows: [{ run: "z", name: "z", ratios: [0, 0.5, 0.5] }] };
  assert.throws(() => fitTables({ ...options, predict: strange }), /mix\/unknown-source.*fiction/);
});

test("caps and epochs hold, and what leaves no mixture is said first", () => {
  const fit = fitTables({
    ...options,
    caps: [{ times_prior: 2 }, { of: "books", share: 0.2 }],
    max_epochs: 1.5,
    budgets: { "": 1000 },
  });
  const held: Readonly<Record<string, number>> = { web: 0.9, code: 0.3, math: 0.075, books: 0.2 };
  assert.deepEqual(fit.caps, held);
  for (const { weights } of [...fit.proposals, fit.drawn]) {
    for (const column of COLUMNS) assert.ok(weights[column] <= held[column]);
  }
  assert.throws(
    () => fitTables({ ...options, max_epochs: 1, budgets: { "": 2000 } }),
    /mix\/infeasible.*caps leave 50\.00 % of the mixture[\s\S]*2\.000 times as large/,
  );
  assert.throws(() => fitTables({ ...options, max_epochs: 1 }), /flag\/budget-needed/);
  assert.throws(() => fitTables({ ...options, caps: [{ of: "fiction", share: 0.1 }] }), /flag\/no-such-source/);
});

test("stages that share a source find out together whether it is enough", () => {
  const request = {
    columns: ["s/web", "s/code", "d/web", "d/code"],
    prior: Float64Array.of(0.5, 0.5, 0.5, 0.5),
    caps: [],
    budgets: { s: 800, d: 200 },
    tokens: { web: 700, code: 250 },
  };
  const { shared, caps } = boundsOf({ ...request, max_epochs: 1.1 });
  assert.deepEqual(
    shared.map(({ columns, factors }) => [columns, factors]),
    [
      [
        [0, 2],
        [0.8, 0.2],
      ],
      [
        [1, 3],
        [0.8, 0.2],
      ],
    ],
  );
  assert.ok(Math.abs(caps[1] - (1.1 * 250) / 800) < 1e-12);
  assert.throws(
    () => boundsOf({ ...request, max_epochs: 1 }),
    /mix\/infeasible.*caps leave 95\.00 % of training stage s and d/,
  );
  // The decay stage alone may not have what only it may read.
  const prior = Float64Array.of(0.5, 0.5, 0, 1);
  assert.throws(
    () => boundsOf({ ...request, prior, tokens: { web: 2000, code: 100 }, max_epochs: 1 }),
    /of training stage d/,
  );
});

test("two training stages are fitted as one vector, and each gets its mixture", () => {
  const columns = ["stable/web", "stable/code", "decay/web", "decay/code"];
  const stable = drawnRows(80, [1, 1], 3);
  const decay = drawnRows(80, [1, 1], 4);
  const table: RatioTable = {
    columns,
    rows: Array.from({ length: 80 }, (_, i) => ({
      run: `r${i}`,
      name: "",
      ratios: [...stable.values.subarray(2 * i, 2 * i + 2), ...decay.values.subarray(2 * i, 2 * i + 2)],
    })),
  };
  // Code is worth having late, and none of it early.
  const slopes = [-0.3, 0.3, 0.2, -2];
  const metrics: MetricTable = {
    metrics: ["loss"],
    rows: table.rows.map(({ run, ratios }) => ({
      run,
      name: "",
      values: [2 + Math.exp(ratios.reduce((sum, ratio, k) => sum + ratio * slopes[k], 0))],
    })),
  };
  const fit = fitTables({
    ratios: [table],
    metrics: [metrics],
    prior: priorsOf({ web: 800, code: 100 }),
    max_epochs: 2,
    budgets: { stable: 800, decay: 200 },
    draws: 500,
  });
  const { weights } = fit.proposals[0];
  assert.ok(weights["decay/code"] > 0.99 && weights["stable/code"] < 0.01, JSON.stringify(weights));
  for (const stage of ["stable", "decay"])
    assert.ok(Math.abs(weights[`${stage}/web`] + weights[`${stage}/code`] - 1) < 1e-9);
  assert.ok(0.8 * weights["stable/code"] + 0.2 * weights["decay/code"] <= 0.2 + 1e-9);
});

test("mixmin: one run a source, or what proxies say of documents", () => {
  const alone = (run: string, k: number) => ({ run, name: run, ratios: [0, 1, 2].map((i) => (i === k ? 1 : 0)) });
  const table: RatioTable = { columns: ["a", "b", "c"], rows: [alone("x", 0), alone("y", 1), alone("z", 2)] };
  const metrics: MetricTable = {
    metrics: ["first", "second"],
    rows: [
      { run: "x", name: "", values: [1, 5] },
      { run: "y", name: "", values: [5, 1] },
      { run: "z", name: "", values: [4, 4] },
    ],
  };
  const fit = fitTables({
    ratios: [table],
    metrics: [metrics],
    law: "mixmin",
    targets: { first: 3, second: 1 },
    lambda: 0,
    draws: 100,
  });
  assert.ok(Math.abs(fit.proposals[0].weights.a - 0.75) < 0.02 && fit.proposals[0].weights.c < 1e-3);
  assert.equal(fit.quality.first.mixmin?.spearman, null);
  assert.equal(fit.prior.from, "mean of the runs");
  const two = { ...table, rows: table.rows.slice(0, 2) };
  assert.throws(() => fitTables({ ratios: [two], metrics: [metrics], law: "mixmin" }), /mix\/no-proxy.*none of c/);

  const proxy = (source: string, likely: (i: number) => boolean) => ({
    source,
    file: `${source}.csv`,
    text: `document,log_prob,tokens\n${Array.from({ length: 10 }, (_, i) => `d${i},${likely(i) ? -20 : -80},20\n`).join("")}`,
  });
  const proxies = parseLogProbs([proxy("web", (i) => i < 7), proxy("code", (i) => i >= 7)]);
  const found = fitTables({
    ratios: [proxies.ratios],
    metrics: [proxies.metrics],
    documents: proxies.documents,
    law: "mixmin",
    lambda: 0,
    draws: 100,
    bootstrap: 20,
  });
  assert.ok(Math.abs(found.proposals[0].weights.web - 0.7) < 1e-3, JSON.stringify(found.proposals[0]));
  assert.ok((found.bootstrap?.weights.web.standard_deviation ?? 0) > 0.05);
});

test("what cannot be fitted says so", () => {
  const few = { ...options, ratios: [{ columns: COLUMNS, rows: ratioTable(COLUMNS).rows.slice(0, 3) }] };
  assert.throws(() => fitTables(few), /mix\/too-few-runs/);
  const strangers = { ...metricTable, rows: metricTable.rows.map((row) => ({ ...row, run: `s${row.run}` })) };
  assert.throws(
    () => fitTables({ ...options, metrics: [strangers] }),
    /mix\/no-common-run.*r0, r1, r2, …\) has a metric \(there are sr0/,
  );
  const accuracy = { ...metricTable, rows: metricTable.rows.map((row) => ({ ...row, values: [-row.values[0], 1] })) };
  assert.throws(() => fitTables({ ...options, metrics: [accuracy] }), /mix\/not-a-loss/);
  assert.throws(() => fitTables({ ...options, targets: { proze: 1 } }), /flag\/bad-target[\s\S]*did you mean prose/);
  assert.throws(() => fitTables({ ...options, prior: priorsOf({ web: 1 }) }), /flag\/no-prior.*code/);
});

test("token counts of the stores are the prior where none is given", () => {
  const sources = Object.fromEntries(
    COLUMNS.map((name, k) => [name, { store: name, tokens: [40, 30, 20, 10][k], epochs: 1 }]),
  );
  const table = ratioTable(COLUMNS);
  const made_over = { stores: storesDigest(sources), sources };
  const { prior, stores } = fitTables({
    ratios: [{ ...table, rows: table.rows.map((row) => ({ ...row, made_over })) }],
    metrics: [metricTable],
    draws: 100,
  });
  assert.deepEqual(
    [prior, stores],
    [{ from: "stores", weights: { web: 0.4, code: 0.3, math: 0.2, books: 0.1 } }, made_over.stores],
  );
});

test("weights are whole millionths, by largest remainder, under their caps", () => {
  const third = Float64Array.of(1 / 3, 1 / 3, 1 / 3);
  const stages = [[0, 1, 2]];
  assert.deepEqual(roundWeights(third, { stages, caps: Float64Array.of(1, 1, 1) }), [0.333334, 0.333333, 0.333333]);
  assert.deepEqual(
    roundWeights(third, { stages, caps: Float64Array.of(0.3333335, 1, 1) }),
    [0.333333, 0.333334, 0.333333],
  );
});

test("priors and mixtures are read in the forms of others, and written so that they come back", () => {
  assert.deepEqual(parsePriors(priorsJson(priors), "priors.json"), priors);
  assert.deepEqual(parsePriors('{"priors": {"token_counts": {"a": 3, "b": 1}}}', "metadata.json").relative_sizes, {
    a: 0.75,
    b: 0.25,
  });
  assert.deepEqual(parsePriors("a: 2\nb: 6\n", "p.yaml").relative_sizes, { a: 0.25, b: 0.75 });
  assert.throws(() => parsePriors("[1]", "p.json"), /priors\/bad/);
  const mixture = { web: 0.75, "code:py": 0.25 };
  for (const form of ["regmix", "doremi", "megatron", "olmix"] as const) {
    assert.deepEqual(parseMixture(mixtureFile(form, mixture)), {
      form,
      weights: form === "doremi" ? { "code:py": 0.25, web: 0.75 } : mixture,
    });
  }
  assert.equal(
    mixtureFile("regmix", mixture, { valid: ["web"], settings: { seed: 1 } }),
    "train:\n  web: 0.75\n  code:py: 0.25\nvalid:\n  web: 1\nseed: 1\n",
  );
  assert.equal(
    mixtureFile("megatron", { web: 0.75, code: 0.25, none: 0 }, { prefixOf: (name) => `/data/${name}` }),
    "0.75 /data/web\n0.25 /data/code\n",
  );
  assert.deepEqual(
    parseMixture("mix:\n  dclm: { weight: 0.5, art: { weight: 0.4 }, law: { weight: 0.6 } }\n  code: { weight: 0.5 }\n")
      ?.weights,
    {
      "dclm:art": 0.2,
      "dclm:law": 0.3,
      code: 0.5,
    },
  );
  assert.throws(() => mixtureFile("olmix", { web: 0 }), /mix\/no-weight/);
});
