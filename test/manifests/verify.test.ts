import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { RunError } from "../../batch/errors.ts";
import { gateResults } from "../../manifests/gates.ts";
import type { SourceManifest, TrainingStageManifest } from "../../manifests/schema.ts";
import { verifyRun } from "../../manifests/verify.ts";
import { manifestText, writeManifests } from "../../manifests/write.ts";
import { encodeEnds } from "../../store/token-file.ts";
import { temporaryFolder } from "../io/temporary.ts";
import { EOS, makeSmallRun, type SmallRun } from "./small-run.ts";

const verify = (run: SmallRun) => verifyRun({ manifests: run.manifestFolder, store: run.store });

/** Changes a stored file and makes every manifest agree, so that only the content is wrong. */
function rewrite(run: SmallRun, path: string, change: (bytes: Buffer) => Uint8Array): void {
  const bytes = change(readFileSync(join(run.store, path)));
  writeFileSync(join(run.store, path), bytes);
  const manifests = structuredClone(run.manifests) as TrainingStageManifest[];
  for (const manifest of manifests) {
    for (const source of Object.values(manifest.sources)) {
      for (const file of [...source.files, ...source.token_store.files]) {
        if (file.path !== path) continue;
        file.size_bytes = bytes.length;
        file.sha256 = createHash("sha256").update(bytes).digest("hex");
      }
    }
  }
  writeManifests(run.manifestFolder, manifests);
}

function edit(run: SmallRun, change: (manifests: TrainingStageManifest[]) => void): void {
  const manifests = structuredClone(run.manifests) as TrainingStageManifest[];
  change(manifests);
  rmSync(run.manifestFolder, { recursive: true });
  writeManifests(run.manifestFolder, manifests);
}

test("a good run has no findings", async (t) => {
  const run = makeSmallRun(temporaryFolder(t));
  const files: string[] = [];
  const findings = await verifyRun({
    manifests: run.manifestFolder,
    store: run.store,
    onFile: (path) => files.push(path),
  });
  assert.deepEqual(findings, []);
  assert.equal(files.length, 7 * 2 + 7 * 3 * 2, "every file of both stores, once");
});

test("loss lanes are read: length, values, padding, and that no shard of windows lacks its lane", async (t) => {
  const lane = `${WEB}.loss`;
  const stored = "tokens-web/00000_web.ds.loss";
  const cases: readonly [string, RegExp, (run: SmallRun) => void][] = [
    [lane, /bytes for \d+ tokens/, (run) => rewrite(run, lane, (bytes) => bytes.subarray(1))],
    [stored, /byte 3 is 2/, (run) => rewrite(run, stored, (bytes) => Buffer.from(bytes).fill(2, 3, 4))],
    [lane, /padding at token \d+ is said to be trained/, (run) => rewrite(run, lane, (bytes) => bytes.fill(1))],
    [
      WEB,
      /has no loss lane, and tokens-web\/00001_web\.ds\.loss says/,
      (run) =>
        edit(run, (manifests) => {
          for (const { sources } of manifests)
            sources.web.files = sources.web.files.filter(({ path }) => path !== lane);
        }),
    ],
  ];
  assert.deepEqual(await verify(makeSmallRun(temporaryFolder(t), undefined, 3, ["web"])), []);
  for (const [file, what, harm] of cases) {
    const run = makeSmallRun(temporaryFolder(t), undefined, 3, ["web"]);
    harm(run);
    const [finding, ...others] = await verify(run);
    assert.deepEqual([finding?.code, finding?.file, others], ["verify/bad-loss", file, []]);
    assert.match(finding.what, what);
  }
});

test("manifests are canonical and the same for the same facts", (t) => {
  const one = makeSmallRun(temporaryFolder(t));
  const two = makeSmallRun(temporaryFolder(t));
  for (const { stage } of one.manifests) {
    const text = readFileSync(join(one.manifestFolder, `${stage.name}.json`), "utf8");
    assert.equal(text, readFileSync(join(two.manifestFolder, `${stage.name}.json`), "utf8"));
    assert.ok(text.endsWith("}\n"));
    assert.doesNotMatch(text, /shardmill-io/);
  }
  const [first] = one.manifests;
  assert.equal(
    manifestText(Object.fromEntries(Object.entries(first).reverse()) as TrainingStageManifest),
    manifestText(first),
  );
  assert.equal(first.stage.window_tokens, 17);
  assert.deepEqual(
    first.gates.map(({ name, passed }) => [name, passed]),
    [
      ["max_weight_error", true],
      ["min_packing_fill", false],
      ["max_dropped_ratio", true],
    ],
  );
});

test("what is no run is an error", async (t) => {
  const root = temporaryFolder(t);
  mkdirSync(join(root, "empty"));
  for (const manifests of [join(root, "nothing"), join(root, "empty")]) {
    await assert.rejects(
      verifyRun({ manifests, store: root }),
      (error) => error instanceof RunError && error.code === "run/not-a-run",
    );
  }
});

const WEB = "windows-web-16-concat/00001_web.ds";

const damage: readonly [string, string, RegExp, (run: SmallRun) => void][] = [
  ["a changed byte", "verify/file-changed", /other content/, (run) => flip(run, WEB)],
  ["a short file", "verify/file-changed", /bytes instead of/, (run) => writeFileSync(join(run.store, WEB), "")],
  ["a missing file", "verify/file-changed", /ENOENT/, (run) => rmSync(join(run.store, `${WEB}.index`))],
  [
    "half a window",
    "verify/bad-windows",
    /which is not \d+ windows of 68 bytes/,
    (run) => rewrite(run, WEB, (bytes) => bytes.subarray(34)),
  ],
  [
    "an EOS inside a document",
    "verify/bad-windows",
    /is EOS inside document/,
    (run) => rewrite(run, WEB, (bytes) => setToken(bytes, (id, i) => (id !== EOS && i > 40 ? EOS : undefined))),
  ],
  [
    "a document without EOS",
    "verify/bad-windows",
    /ends in window \d+ without EOS/,
    (run) => rewrite(run, WEB, (bytes) => setToken(bytes, (id) => (id === EOS ? 9 : undefined))),
  ],
  [
    "an id beyond the vocabulary",
    "verify/bad-windows",
    /is 70000, and the vocabulary has 70000/,
    (run) => rewrite(run, WEB, (bytes) => setToken(bytes, (id) => (id !== EOS ? 70_000 : undefined))),
  ],
  [
    "an index that misses an end",
    "verify/bad-windows",
    /index and its pieces table disagree/,
    (run) => rewrite(run, `${WEB}.index`, (bytes) => bytes.subarray(8)),
  ],
  [
    "a piece of no document",
    "verify/bad-windows",
    /pieces table names document 123456789/,
    (run) => rewrite(run, `${WEB}.pieces`, (bytes) => withWord(bytes, 0, 123_456_789)),
  ],
  [
    "a piece placed twice",
    "verify/bad-windows",
    /does not add up/,
    (run) => rewrite(run, `${WEB}.pieces`, (bytes) => withWord(bytes, 0, bytes.readUInt32LE(12))),
  ],
  [
    "a torn pieces table",
    "verify/bad-windows",
    /not a multiple of 12/,
    (run) => rewrite(run, `${WEB}.pieces`, (bytes) => bytes.subarray(1)),
  ],
  [
    "an EOS inside a stored document",
    "verify/bad-tokens",
    /is EOS inside document/,
    (run) =>
      rewrite(run, "tokens-web/00000_web.ds", (bytes) =>
        setToken(bytes, (id, i) => (id !== EOS && i > 40 ? EOS : undefined)),
      ),
  ],
  [
    "a stored document without EOS",
    "verify/bad-tokens",
    /does not end with EOS/,
    (run) => rewrite(run, "tokens-web/00000_web.ds", (bytes) => setToken(bytes, (id) => (id === EOS ? 9 : undefined))),
  ],
  [
    "an index beyond the tokens",
    "verify/bad-tokens",
    /its index ends elsewhere/,
    (run) => rewrite(run, "tokens-web/00000_web.ds.index", (bytes) => Buffer.concat([bytes, encodeEnds([1e9])])),
  ],
  [
    "an index that falls",
    "verify/bad-tokens",
    /must ascend/,
    (run) => rewrite(run, "tokens-web/00000_web.ds.index", (bytes) => Buffer.concat([bytes, encodeEnds([1])])),
  ],
  [
    "rows that vanished",
    "verify/rows-do-not-add-up",
    /208 rows in, but 200 kept and 7 dropped or in error/,
    (run) => edit(run, ([first]) => void first.sources.web.counts.rows_in++),
  ],
  [
    "documents that vanished",
    "verify/rows-do-not-add-up",
    /documents stored/,
    (run) => edit(run, ([first]) => void first.sources.web.token_store.documents--),
  ],
  [
    "lost tokens",
    "verify/packing-does-not-add-up",
    /\b3 tokens in no window/,
    (run) =>
      edit(run, ([first]) => {
        first.sources.web.packing.tokens_lost = 3;
      }),
  ],
  [
    "one lost token",
    "verify/packing-does-not-add-up",
    /\b1 token in no window/,
    (run) =>
      edit(run, ([first]) => {
        first.sources.web.packing.tokens_lost = 1;
      }),
  ],
  [
    "a weight that was missed",
    "verify/weight-missed",
    /more or less than its weight asks for/,
    (run) => edit(run, ([first]) => shift(first, 5)),
  ],
  [
    "a weight that is not so",
    "verify/weight-achieved",
    /are 0.75 of the stage/,
    (run) =>
      edit(run, ([first]) => {
        first.sources.web.weight_achieved = 0.8;
      }),
  ],
  [
    "windows that do not add up",
    "verify/windows-do-not-add-up",
    /sources have 60 windows, the stage 61/,
    (run) => edit(run, ([first]) => void first.stage.windows++),
  ],
  [
    "a repeat",
    "verify/repeated-windows",
    /documents of which stage1 has read/,
    (run) => edit(run, ([, second]) => move(second.sources.web, -1)),
  ],
  [
    "a missing stage",
    "verify/stage-missing",
    /is training stage 2/,
    (run) => edit(run, (manifests) => void manifests.splice(1, 1)),
  ],
  [
    "a mix of runs",
    "verify/mixed-runs",
    /by another plan/,
    (run) =>
      edit(run, ([, second]) => {
        second.plan_fingerprint = "x";
      }),
  ],
  [
    "a gate that lies",
    "verify/gate",
    /says passed at/,
    (run) =>
      edit(run, ([first]) => {
        first.gates[1].passed = true;
      }),
  ],
  [
    "a shard that is not listed",
    "verify/shard-missing",
    /no file of this shard/,
    (run) => edit(run, (manifests) => manifests.forEach((manifest) => void manifest.sources.web.files.shift())),
  ],
  [
    "a manifest that is none",
    "verify/bad-manifest",
    /is not a manifest: schema/,
    (run) => writeFileSync(join(run.manifestFolder, "x.json"), "{}"),
  ],
  [
    "a manifest that is not JSON",
    "verify/bad-manifest",
    /cannot be read/,
    (run) => writeFileSync(join(run.manifestFolder, "x.json"), "{"),
  ],
  [
    "a path out of the store",
    "verify/bad-manifest",
    /must be a path inside the store/,
    (run) =>
      edit(run, ([first]) => {
        first.sources.web.files[0].path = "a/../../etc";
      }),
  ],
];

for (const [name, code, message, harm] of damage) {
  test(`verify finds ${name}`, async (t) => {
    const run = makeSmallRun(temporaryFolder(t));
    harm(run);
    const findings = await verify(run);
    const found = findings.filter((finding) => finding.code === code);
    assert.ok(found.length > 0, `findings: ${JSON.stringify(findings.slice(0, 4))}`);
    assert.ok(
      found.some((finding) => finding.severity === "error" && message.test(finding.what)),
      found[0].what,
    );
  });
}

test("gates judge the worst source, and only those with a limit", (t) => {
  const [{ sources }] = makeSmallRun(temporaryFolder(t)).manifests;
  assert.deepEqual(gateResults({}, sources), []);
  const [gate] = gateResults({ max_dropped_ratio: 0.01 }, sources);
  assert.deepEqual(gate, { name: "max_dropped_ratio", limit: 0.01, value: 7 / 102, passed: false });
});

function flip(run: SmallRun, path: string): void {
  const bytes = readFileSync(join(run.store, path));
  bytes[5] ^= 1;
  writeFileSync(join(run.store, path), bytes);
}

function withWord(bytes: Buffer, at: number, word: number): Buffer {
  bytes.writeUInt32LE(word, at);
  return bytes;
}

/** Replaces the first token for which `choose` gives an id. */
function setToken(bytes: Buffer, choose: (id: number, index: number) => number | undefined): Buffer {
  for (let i = 0; i < bytes.length / 4; i++) {
    const id = choose(bytes.readUInt32LE(4 * i), i);
    if (id === undefined) continue;
    bytes.writeUInt32LE(id, 4 * i);
    return bytes;
  }
  throw new Error("no token was chosen");
}

function move(source: SourceManifest, windows: number): void {
  source.start_window += windows;
  source.end_window += windows;
}

/** Moves windows from one source of a stage to the other, as a wrong mixture would. */
function shift(manifest: TrainingStageManifest, windows: number): void {
  for (const [name, delta] of [
    ["web", windows],
    ["code", -windows],
  ] as const) {
    const source = manifest.sources[name];
    source.windows += delta;
    source.end_window += delta;
    source.tokens += delta * manifest.stage.sequence_length;
    source.weight_achieved = source.windows / manifest.stage.windows;
  }
}
