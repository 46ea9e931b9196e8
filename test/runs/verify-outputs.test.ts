/** `verify` on outputs: every figure that is said of them, against what was recorded row by row. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import fs from "node:fs";
import path from "node:path";
import test from "node:test";
import { openRun, prepare, run, verifyRun } from "../../index.ts";
import { seal, unseal } from "../../io/local/seal.ts";
import { outputFiles, spanFiles, tokenFiles, verdictFiles } from "../../store/layout.ts";
import { TOKENIZER, temporaryFolder, treeDigests, writeCorpus } from "../workers/fixture.ts";

const ROWS = `schema: 1
name: rows
seed: 3
pipelines:
  web:
    - { use: filter/length, unit: words, min: 8 }
    - { use: dedup/lines }
    - { use: dedup/exact }
sources: { web: { from: "web/*.jsonl", read: jsonl, metadata: [url], pipeline: web } }
outputs:
  - { name: kept, format: { use: jsonl, codec: none }, shard_bytes: 20K, keep_dropped: true }
`;

const TOKENS = `${ROWS}tokenizer: ${TOKENIZER}
training_stages: [ { name: only, tokens: 2K, sequence_length: 64, weights: { web: 1 } } ]
limits: { max_epochs: 9 }
`;

/** An object whose numbers a test changes. */
type Figures = Record<string, number> & { readonly [key: string]: unknown };

async function build(root: string, recipe: string) {
  writeCorpus(root, 90);
  fs.writeFileSync(path.join(root, "rows.yaml"), recipe);
  const out = path.join(root, "out");
  const prepared = await prepare(path.join(root, "rows.yaml"), { out, dataRoot: root });
  const { plan, environment, registry, layout } = prepared;
  await run(plan, { root: out, workers: 0, environment, registry, span_bytes: 20_000 });
  const folder = path.join(out, "runs/rows/outputs/kept");
  const findings = () => verifyRun(openRun("rows", out));
  assert.deepEqual(await findings(), []);
  const [web] = plan.sources;
  const at = {
    seal: path.join(layout.tokens(web.tokens), tokenFiles.storeMarker),
    shard: path.join(layout.tokens(web.tokens), tokenFiles.shardMarker(0)),
    settle: path.join(layout.verdicts(web.verdicts), verdictFiles.marker(0)),
    write: path.join(layout.output(plan.outputs[0].fingerprint), outputFiles.marker(0)),
    span: path.join(layout.ingest(web.passes[0].fingerprint), spanFiles.marker(0)),
    lastSpan: path.join(layout.ingest(web.ingest), spanFiles.marker(0)),
  };
  /** Changes a file, expects an error of `code` that `what` describes, and puts the file back. */
  const expectFound = async (file: string, bytes: Uint8Array, code: string, what: RegExp, also?: () => () => void) => {
    const before = fs.readFileSync(file);
    assert.notDeepEqual(Buffer.from(bytes), before, `${what} changes something`);
    // Files may be linked to the store's.
    fs.rmSync(file);
    fs.writeFileSync(file, bytes);
    const undo = also?.();
    const found = (await findings()).filter((finding) => finding.severity === "error" && finding.code === code);
    assert.ok(
      found.some((finding) => what.test(finding.what)),
      `${path.basename(file)} ${what}: ${JSON.stringify(found)}`,
    );
    undo?.();
    fs.writeFileSync(file, before);
  };
  const sealed = (file: string, change: (value: Figures) => void): Uint8Array => {
    const value = unseal(fs.readFileSync(file)) as Figures;
    change(value);
    return seal(value);
  };
  return { out, folder, findings, expectFound, sealed, at };
}

test("each count of an output's summary, card, files, sources and spans, changed by one, is found", async (t) => {
  const { out, folder, findings, expectFound, sealed, at } = await build(temporaryFolder(t), ROWS);
  const before = treeDigests(out);
  const summary = path.join(folder, "output.json");
  const edited = (change: (value: Figures & { sources: Figures[] }) => void): Uint8Array => {
    const value = JSON.parse(fs.readFileSync(summary, "utf8")) as Figures & { sources: Figures[] };
    change(value);
    return Buffer.from(JSON.stringify(value));
  };
  const code = "verify/output-counts";
  for (const key of ["rows", "dropped_rows", "text_bytes"]) {
    const what = new RegExp(`output\\.json says ${key} \\d+, and what was recorded comes to \\d+`);
    await expectFound(
      summary,
      edited((value) => void value[key]++),
      code,
      what,
    );
  }
  for (const key of ["rows_in", "rows"]) {
    await expectFound(
      summary,
      edited(({ sources }) => void sources[0][key]++),
      code,
      /output\.json says sources/,
    );
  }
  const reasons = { length: "below_min", lines: "nothing_left", exact: "duplicate" };
  for (const [stage, reason] of Object.entries(reasons)) {
    const change = ({ sources }: { sources: Figures[] }) => {
      const dropped = sources[0].dropped as unknown as Record<string, Record<string, number>>;
      dropped[stage] = { ...dropped[stage], [reason]: (dropped[stage]?.[reason] ?? 0) + 1 };
    };
    await expectFound(summary, edited(change), code, /output\.json says sources/);
  }
  await expectFound(
    summary,
    edited(({ sources }) => void Object.assign(sources[0].errors as unknown as object, { bad_row: 1 })),
    code,
    /says sources/,
  );

  // A card whose sum in the summary was set to what the card is now.
  const card = path.join(folder, "README.md");
  const text = fs.readFileSync(card, "utf8");
  const numbers = [...text.matchAll(/\| (\d[\d,]*) \|/g)];
  assert.ok(numbers.length > 5);
  for (const { index, 1: number = "" } of numbers) {
    const changed = Buffer.from(
      `${text.slice(0, index)}| ${Number(number.replaceAll(",", "")) + 1} |${text.slice(index + number.length + 4)}`,
    );
    const original = fs.readFileSync(summary);
    await expectFound(card, changed, code, /README\.md is not the card/, () => {
      const value = JSON.parse(original.toString()) as {
        files: { path: string; size_bytes: number; sha256: string }[];
      };
      const entry = value.files.find((file) => file.path === "README.md");
      Object.assign(entry ?? {}, {
        size_bytes: changed.length,
        sha256: createHash("sha256").update(changed).digest("hex"),
      });
      fs.writeFileSync(summary, JSON.stringify(value));
      return () => fs.writeFileSync(summary, original);
    });
  }

  for (const key of ["rows", "text_bytes"]) {
    await expectFound(
      at.write,
      sealed(at.write, (value) => void value[key]++),
      code,
      new RegExp(`its files hold \\d+ ${key === "rows" ? "row" : "byte"}s`),
    );
  }
  await expectFound(
    at.write,
    sealed(at.write, (value) => void value.dropped_rows++),
    code,
    /dropped rows, and the run dropped \d+/,
  );
  for (const key of ["survivors", "text_bytes"]) {
    const change = (value: Figures) => void (value.spans as unknown as Figures[])[0][key]++;
    await expectFound(at.settle, sealed(at.settle, change), code, /survived, and the run says \d+ of \d+/);
  }
  const counts = (change: (counts: Figures & { stages: { dropped: Record<string, number> }[] }) => void) =>
    sealed(at.seal, (value) => change(value.counts as never));
  await expectFound(
    at.seal,
    counts((value) => void value.kept++),
    code,
    /rows of it survived, and the run says/,
  );
  await expectFound(
    at.seal,
    counts((value) => void value.text_bytes++),
    code,
    /comes to \d+ bytes/,
  );
  await expectFound(
    at.seal,
    counts((value) => void value.tokens++),
    code,
    /comes to 0 tokens, and the run says 1/,
  );
  await expectFound(
    at.seal,
    counts((value) => void value.rows_in++),
    "verify/rows-recorded",
    /its spans met \d+ rows, and the run says/,
  );
  for (const [stage, reason] of Object.values(reasons).entries()) {
    const change = counts(({ stages }) => {
      const { dropped } = stages[stage];
      dropped[reason] = (dropped[reason] ?? 0) + 1;
    });
    await expectFound(at.seal, change, "verify/rows-recorded", /dropped other rows than the run says/);
  }
  await expectFound(
    at.lastSpan,
    sealed(at.lastSpan, (value) => void value.kept++),
    "verify/rows-recorded",
    /span kept \d|rows kept/,
  );
  await expectFound(
    at.span,
    sealed(at.span, (value) => void value.rows++),
    "verify/rows-recorded",
    /its spans met/,
  );
  const isGone = fs.readFileSync(at.write);
  fs.rmSync(at.write);
  assert.match(JSON.stringify(await findings()), /is not counted: markers of its files/);
  fs.writeFileSync(at.write, isGone);
  fs.renameSync(folder, `${folder}-away`);
  assert.match(JSON.stringify(await findings()), /is not there: run the recipe again/);
  fs.renameSync(`${folder}-away`, folder);
  assert.deepEqual(treeDigests(out), before);
});

test("tokens of an output's source, beside training stages, are those of its store", async (t) => {
  const { folder, expectFound, sealed, at } = await build(temporaryFolder(t), TOKENS);
  const code = "verify/output-counts";
  const summary = path.join(folder, "output.json");
  const value = JSON.parse(fs.readFileSync(summary, "utf8")) as { sources: { tokens: number }[] };
  assert.ok(value.sources[0].tokens > 1000);
  value.sources[0].tokens++;
  await expectFound(summary, Buffer.from(JSON.stringify(value)), code, /output\.json says sources/);
  const counts = sealed(at.seal, ({ counts }) => void (counts as unknown as Figures).tokens++);
  await expectFound(at.seal, counts, code, /comes to \d+ tokens, and the run says \d+/);
  for (const key of ["tokens", "text_bytes"]) {
    const changed = sealed(at.shard, (marker) => void marker[key]++);
    await expectFound(
      at.shard,
      changed,
      code,
      new RegExp(`comes to \\d+ ${key === "tokens" ? key : "bytes"}, and the run says`),
    );
  }
});

test("rows that a count left out are counted like those that fell: a source whose only barrier selects", async (t) => {
  const selected = ROWS.replace("{ use: dedup/lines }", "{ use: filter/sample, count: 30 }").replace(
    "    - { use: dedup/exact }\n",
    "",
  );
  const { folder, expectFound, sealed, at } = await build(temporaryFolder(t), selected);
  assert.match(fs.readFileSync(path.join(folder, "README.md"), "utf8"), /\| rows \| 30 \|/);
  const change = (value: Figures) => void (value.spans as unknown as Figures[])[0].survivors++;
  await expectFound(
    at.settle,
    sealed(at.settle, change),
    "verify/output-counts",
    /survived, and the run says \d+ of \d+/,
  );
});
