/** What is personal data is datatrove's rule; what replaces it depends on the text alone. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { wasmModule } from "../../../io/wasm.ts";
import { PlainAnchorScanner } from "../../../kernels/pii/anchors.ts";
import { WasmAnchorScanner } from "../../../kernels/wasm/pii.ts";
import { NO_RESOURCES } from "../../../stages/define.ts";
import stage from "../../../stages/rewrite/pii.ts";
import { batchOf } from "../../batch-of.ts";
import { withoutWasm } from "../../without-wasm.ts";
import { applyAll } from "../filter/run.ts";
import { differences, type GoldenText, goldenRows } from "./golden.ts";

const MARKS = {
  email_replacements: ["EMAIL"],
  ipv4_replacements: ["IP"],
  ipv6_replacements: ["IP6"],
  phone_replacements: ["PHONE"],
};
const ALL = ["email", "ipv4", "ipv6", "phone"];

function replaced(text: string, options: Readonly<Record<string, unknown>> = {}): string {
  return applyAll(stage, { ...MARKS, kinds: ALL, ...options }, batchOf([text])).texts[0];
}

test("a thousand texts become what datatrove makes of them, public addresses alone and all of them", () => {
  const rows = goldenRows<GoldenText>("pii");
  assert.deepEqual(differences(stage, MARKS, rows, 0), []);
  assert.deepEqual(differences(stage, { ...MARKS, public_ips_only: false }, rows, 1), []);
  withoutWasm(() => assert.deepEqual(differences(stage, MARKS, rows, 0), []));
});

test("e-mail addresses of every form that datatrove's test has", () => {
  const found = ["a@b.org", "first.last+tag@sub.b.co.uk", "1@[123.123.123.123]", "_@b-c.org", "a@1.2.3.4444"];
  for (const address of found) assert.equal(replaced(`x ${address}, y`), "x EMAIL, y", address);
  const parts: readonly (readonly [string, string])[] = [
    ['"quoted"@b.org', '"quoted"@b.org'],
    ["a@b@c.org", "a@EMAIL"],
    [".a@b.org", ".EMAIL"],
    ["a.@b.org", "a.@b.org"],
    ["a..b@c.org", "a..EMAIL"],
    ["あ@b.org", "あ@b.org"],
    ["a@b", "a@b"],
    ["a@-b.org", "a@-b.org"],
    ["a@b..org", "a@b..org"],
  ];
  for (const [text, wanted] of parts) assert.equal(replaced(text), wanted);
});

test("IPv4: public addresses, wherever they stand; a leading zero makes none", () => {
  assert.equal(replaced(".3.3.3.0 999.8.8.8.8 108.0.0.01 912.456.123.123"), ".IP 9IP.8 108.0.0.01 912.456.123.123");
  for (const text of ["172.16.0.9", "10.1.1.1", "127.0.0.2", "192.168.1.2", "100.64.0.1", "0.1.2.3", "192.0.0.1"])
    assert.equal(replaced(text), text);
  for (const text of ["172.15.0.9", "11.1.1.1", "192.0.0.9", "224.0.0.1", "100.128.0.0", "239.255.255.255"])
    assert.equal(replaced(text), "IP");
});

test("IPv6: global unicast addresses as they may be written, and nothing that looks alike", () => {
  const found = [
    "2606:4700:4700::1111",
    "2a00:1450:4001:0829:0000:0000:0000:200e",
    "2A00:1450::",
    "2001:4860:4860:0:0:0:0:8888",
    "2a01:e0a:1:2:3:4:8.8.8.8",
  ];
  for (const address of found) assert.equal(replaced(`[${address}]:80`), "[IP6]:80", address);
  const others = ["2001:db8::1", "2002:808:808::", "fe80::1", "::1", "std::abs", "a::b", "12:30:45", "2606:4700::1::2"];
  for (const text of [...others, "x2606:4700::1", "2606:4700::12345", "2606:4700:1:2:3:4:5", "1:2:3:4:5:6:7:8"])
    assert.equal(replaced(text), text, text);
  assert.equal(replaced("fe80::1 fd00::2", { public_ips_only: false }), "IP6 IP6");
});

test("phone numbers by both rules, and no other numbers", () => {
  const found = [
    "(212) 664-7665",
    "(212)664-7665",
    "212-664-7665",
    "212.664.7665",
    "1-212-664-7665",
    "+1 (212) 664-7665",
    "+44 20 7946 0958",
    "+4915112345678",
  ];
  for (const number of found) assert.equal(replaced(`Call ${number}.`), "Call PHONE.", number);
  const others = [
    "2126647665",
    "112-664-7665",
    "212-664-76655",
    "212-664-7665-1",
    "212-664.7665",
    "3.141-592-6535",
    "A212-664-7665",
    "+0123456789",
    "+1234567",
    "x+491511234567",
    "1 + 23456789",
    "2019-2020-2021",
  ];
  for (const number of others) assert.equal(replaced(`${number} x`), `${number} x`, number);
});

test("equal texts stay equal whatever is around them; values keep their replacement in a text; the seed counts", () => {
  const texts = Array.from({ length: 40 }, (_, i) => `mail a${i}@b.org, c@d.org and a${i}@b.org`);
  const made = (list: readonly string[], seed: readonly [number, number] = [1, 2]) =>
    applyAll(stage, {}, batchOf(list), { ...NO_RESOURCES, seed }).texts;
  const forward = made(texts);
  assert.deepEqual(made(texts.toReversed()).toReversed(), forward);
  assert.deepEqual(
    made([texts[3], "1.1.1.1", texts[3]]).filter((_, i) => i !== 1),
    [forward[3], forward[3]],
  );
  for (const text of forward) {
    const [, first, second, third] = /mail (.+), (.+) and (.+)/.exec(text) ?? [];
    assert.equal(first, third);
    assert.notEqual(first, second);
  }
  assert.equal(new Set(forward).size, 2);
  assert.notDeepEqual(made(texts, [3, 4]), forward);
});

test("a batch with nothing keeps its column; what is replaced is counted by kind; dead rows are left alone", () => {
  const operator = stage.create(stage.options.parse({ kinds: ["email", "phone"] }), NO_RESOURCES);
  assert.ok(operator.kind === "rewrite");
  const nothing = batchOf(["none here", "3.14 @ home", ""]);
  assert.equal(operator.apply(nothing), nothing.text);
  const some = batchOf(["a@b.org c@d.org", "dead@b.org", "212-664-7665"]);
  some.alive.clear(1);
  operator.apply(some);
  assert.deepEqual(operator.finish?.(), { rows: 5, changed_rows: 2, email: 2, phone: 1 });
});

test("anchors in WebAssembly are the twin's, whatever is wanted", (t) => {
  const module = wasmModule("pii");
  if (module === undefined) return t.skip("WebAssembly with SIMD is off");
  const text = fc.array(fc.constantFrom(..."0123456789abcfFgG@.:- +xé\n"), { maxLength: 80 });
  for (const wanted of [1, 2, 4, 8, 3, 15]) {
    const [plain, wasm] = [new PlainAnchorScanner(wanted), new WasmAnchorScanner(module, wanted)];
    fc.assert(
      fc.property(text, fc.nat(5), (parts, before) => {
        const bytes = Buffer.from(`${"1".repeat(before)}${parts.join("")}.1:@`);
        const [start, end] = [before, bytes.length - 4];
        const count = plain.scan(bytes, start, end);
        assert.equal(wasm.scan(bytes, start, end), count);
        assert.deepEqual([...wasm.positions.subarray(0, count)], [...plain.positions.subarray(0, count)]);
      }),
      { numRuns: 400, seed: 4 },
    );
  }
});
