import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { wasmModule } from "../../../io/wasm.ts";
import { JsonScanner, SCAN_SLACK_BYTES } from "../../../kernels/json/json-scan.ts";
import { WasmUnescaper } from "../../../kernels/wasm/json-scan.ts";

const module = wasmModule("json");
const skip = module === undefined ? "WebAssembly with SIMD is not there" : false;
const PATHS = [["text"], ["m", "text"], ["other"]];

const twin = new JsonScanner(PATHS);
const wasm = skip ? twin : new JsonScanner(PATHS, new WasmUnescaper(module!));

/** What a scanner makes of a line that has hostile bytes around it. */
function outcome(scanner: JsonScanner, line: string): unknown {
  const bytes = Buffer.from(`"}]\\\n${line}\n${'"}]\\u00000'.slice(0, SCAN_SLACK_BYTES)}`);
  scanner.attach(bytes);
  const end = bytes.length - SCAN_SLACK_BYTES - 1;
  const wrong = scanner.scan(5, end);
  if (wrong >= 0) return wrong - 5;
  return PATHS.map((_, field) => [scanner.kinds[field], Buffer.from(scanner.value(field)).toString("latin1")]);
}

function agrees(line: string): void {
  assert.deepEqual(outcome(wasm, line), outcome(twin, line));
}

/** The content as a wanted value, as one nobody wants, and as a key, escaped or not. */
function agreesEverywhere(content: string): void {
  agrees(`{"text":"${content}"}`);
  agrees(`{"id":"${content}","m":{"text":"${content}"},"text":"after"}`);
  agrees(`{"${content}":"x","text":"${content}${content}"}`);
}

const SPECIALS = [
  "",
  "\\n",
  '\\"',
  "\\\\",
  "\\\\\\\\\\n\\t\\r\\b\\f\\/",
  "\\u0000",
  "\\u00e9\\u4E2D",
  "\\ud83d\\ude00",
  "\\ud83d",
  "\\ud83d\\n",
  "\\ud83d\\u0041",
  "\\ud83d\\u12g4",
  "\\ude00\\ud83d",
  "\\ud83d\\ud83d\\ude00",
  "中文 😀 é",
  // Not JSON from here on.
  '"',
  "\\x",
  "\\u12g4",
  "\\u123",
  "\\uFFF/",
  "\\u00:0",
  "\\U0041",
  "\t",
  "\0",
  "\x1f",
  "\\",
];

test("the first special thing in a long string, at the edges of vectors and pieces", { skip }, () => {
  for (const special of SPECIALS) {
    for (let plain = 100; plain < 340; plain += 3) agrees(`{"text":"${"x".repeat(plain)}${special}"}`);
    // Pieces are 1 KiB, then 4 KiB: from byte 128 on, less what a piece leaves.
    for (let plain = 1124; plain < 1190; plain++) {
      agrees(`{"text":"${"x".repeat(plain)}${special}${"y".repeat(70)}"}`);
    }
    for (let plain = 5210; plain < 5290; plain += 5) {
      agrees(`{"id":"${"x".repeat(plain)}","text":"${"x".repeat(plain)}${special}${"y".repeat(90)}"}`);
    }
  }
});

test("a long key with escapes is still the key it spells", { skip }, () => {
  const key = "k".repeat(300);
  const escaped = `${"k".repeat(200)}\\u006b${"k".repeat(99)}`;
  for (const scanner of [new JsonScanner([[key]]), new JsonScanner([[key]], new WasmUnescaper(module!))]) {
    const bytes = Buffer.from(`{"${escaped}":"found"}\n${" ".repeat(SCAN_SLACK_BYTES)}`);
    scanner.attach(bytes);
    assert.equal(scanner.scan(0, bytes.length - SCAN_SLACK_BYTES - 1), -1);
    assert.equal(Buffer.from(scanner.value(0)).toString(), "found");
  }
});

test("a line cut off anywhere is cut off there", { skip }, () => {
  const line = `{"text":"${"a\\u00e9 \\ud83d\\ude00\\n".repeat(30)}"}`;
  for (let length = 0; length <= line.length; length++) agrees(line.slice(0, length));
});

test("any long content", { skip }, () => {
  const plain = fc.nat(400).map((length) => "plain text "[length % 11].repeat(length));
  const piece = fc.oneof(
    { weight: 3, arbitrary: plain },
    { weight: 3, arbitrary: fc.constantFrom(...SPECIALS.slice(0, 15)) },
    {
      weight: 2,
      arbitrary: fc.string({ unit: "binary", maxLength: 40 }).map((text) => JSON.stringify(text).slice(1, -1)),
    },
  );
  const broken = fc.constantFrom("", "", "", ...SPECIALS);
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 30 }), broken, fc.array(piece, { maxLength: 5 }), (before, odd, after) => {
      agreesEverywhere(`${before.join("")}${odd}${after.join("")}`);
    }),
    { numRuns: 300, seed: 3 },
  );
});

test("strings longer than the largest piece: all escapes, none, and what JSON.parse makes of them", { skip }, () => {
  for (const text of ["\n".repeat(100_000), "中".repeat(60_000), "x".repeat(200_001), "😀é\\".repeat(30_000)]) {
    const escaped = text.replace(/[^\x20-\x7e]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`);
    const lines = [JSON.stringify({ text })];
    if (!text.includes("\\")) lines.push(`{"text":"${escaped}"}`);
    for (const line of lines) {
      const [[, value]] = outcome(wasm, line) as [[number, string]];
      assert.ok(Buffer.from(value, "latin1").toString() === text);
      agrees(line);
    }
  }
});
