/** The scanner in WebAssembly finds what its twin finds, at the same byte. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { wasmModule } from "../../../io/wasm.ts";
import { isBad } from "../../../kernels/repair/classes.ts";
import { PlainRepairScanner, type RepairScanner } from "../../../kernels/repair/scan.ts";
import { type RepairOptions, repairRules } from "../../../kernels/repair/text-repair.ts";
import { WasmRepairScanner } from "../../../kernels/wasm/repair.ts";

const NONE: RepairOptions = {
  unescapeHtml: "never",
  removeTerminalEscapes: false,
  fixEncoding: false,
  restoreByteA0: false,
  replaceLossySequences: false,
  decodeInconsistentUtf8: false,
  fixC1Controls: false,
  fixLatinLigatures: false,
  fixCharacterWidth: false,
  uncurlQuotes: false,
  fixLineBreaks: false,
  removeControlChars: false,
  normalization: null,
};
const EVERY: readonly RepairOptions[] = [
  { ...NONE, fixEncoding: true, removeControlChars: true, removeTerminalEscapes: true, fixC1Controls: true },
  { ...NONE, fixLineBreaks: true, uncurlQuotes: true, fixLatinLigatures: true, fixCharacterWidth: true },
  { ...NONE, fixEncoding: true, normalization: "NFC" },
  { ...NONE, removeTerminalEscapes: true, normalization: "NFKD" },
];

/** All findings, each looked for from the line behind the one before. */
function findings(scanner: RepairScanner, bytes: Uint8Array, start: number, end: number, entities: boolean): number[] {
  scanner.open(bytes, start, end);
  const found: number[] = [];
  for (let from = start; from < end; ) {
    const at = scanner.next(from, entities);
    found.push(at);
    if (at >= end) break;
    const line = bytes.indexOf(0x0a, at);
    from = line < 0 ? end : line + 1;
  }
  return found;
}

const characters = [..."aZ .,\n\r\t&;#<Ã¢â€™Â œÎθДж✓中ﬁ“’\u0085\u0301\u001b\u0007\u00a0"];
const pieces = fc.oneof(
  fc.constantFrom(...characters, "&amp;", "&#39;", "&x", "plain text of some length, "),
  fc.string({ unit: "binary", maxLength: 3 }),
);
const text = fc.oneof(
  fc.array(pieces, { maxLength: 30 }).map((parts) => Buffer.from(parts.join(""))),
  fc.uint8Array({ maxLength: 60 }).map((bytes) => Buffer.from(bytes)),
);

test("positions are the twin's, whatever is sought and wherever a text lies", (t) => {
  const module = wasmModule("repair");
  if (module === undefined) return t.skip("WebAssembly with SIMD is off");
  for (const options of EVERY) {
    const rules = repairRules(options);
    const plain = new PlainRepairScanner(rules);
    const wasm = new WasmRepairScanner(module, rules);
    fc.assert(
      fc.property(text, fc.nat(20), fc.boolean(), (bytes, before, entities) => {
        const all = Buffer.concat([Buffer.alloc(before, 0xc3), bytes, Buffer.from("Ã¶&amp;")]);
        const [start, end] = [before, before + bytes.length];
        assert.deepEqual(findings(wasm, all, start, end, entities), findings(plain, all, start, end, entities));
      }),
      { numRuns: 1500, seed: 4 },
    );
  }
});

test("a line is found exactly where the heuristic calls it bad, whatever lines are around it", () => {
  const scanner = new PlainRepairScanner(repairRules({ ...NONE, fixEncoding: true }));
  const line = fc
    .array(fc.constantFrom(...characters.filter((each) => each !== "\n")), { maxLength: 12 })
    .map((parts) => parts.join(""));
  fc.assert(
    fc.property(fc.array(line, { minLength: 1, maxLength: 4 }), (lines) => {
      const bytes = Buffer.from(lines.map((each) => `${each}\n`).join(""));
      const found = findings(scanner, bytes, 0, bytes.length, false).filter((at) => at < bytes.length);
      const bad = lines.filter((each) => isBad(`${each}\n`)).length;
      assert.equal(found.length, bad);
    }),
    { numRuns: 3000, seed: 4 },
  );
});
