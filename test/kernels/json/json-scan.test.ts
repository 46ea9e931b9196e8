import assert from "node:assert/strict";
import { test } from "node:test";
import { gunzipSync } from "node:zlib";
import fc from "fast-check";
import { isBlankLine, JsonKind, JsonScanner, SCAN_SLACK_BYTES } from "../../../kernels/json/json-scan.ts";
import { NO_SAMPLES, sample } from "../../stages/read/reading.ts";

/** The line in a buffer as the scanner wants it: with hostile bytes around it. */
function framed(line: Uint8Array | string): { bytes: Uint8Array; start: number; end: number } {
  const content = Buffer.from(line);
  const before = Buffer.from('"}]\\\n');
  const bytes = Buffer.concat([
    before,
    content,
    Buffer.from("\n"),
    Buffer.from('"}]\\u00000'.slice(0, SCAN_SLACK_BYTES)),
  ]);
  return { bytes, start: before.length, end: before.length + content.length };
}

/** Position of the first invalid byte within the line, -1 for none. */
function check(line: Uint8Array | string): number {
  const { bytes, start, end } = framed(line);
  const scanner = new JsonScanner([["text"]]);
  scanner.attach(bytes);
  const at = scanner.scan(start, end);
  return at < 0 ? -1 : at - start;
}

function find(line: string, paths: string[][]): (string | undefined)[] {
  const { bytes, start, end } = framed(line);
  const scanner = new JsonScanner(paths);
  scanner.attach(bytes);
  assert.equal(scanner.scan(start, end), -1, line);
  return paths.map((_, field) =>
    scanner.kinds[field] === JsonKind.missing ? undefined : Buffer.from(scanner.value(field)).toString(),
  );
}

function parses(line: string): boolean {
  try {
    JSON.parse(line);
    return true;
  } catch {
    return false;
  }
}

/** `line` with the words for numbers that are not finite as JSON has them. */
function withoutWords(line: string): string {
  return line.replace(/"(?:\\.|[^"\\])*"|-?Infinity|NaN/g, (part) => (part.startsWith('"') ? part : "null"));
}

/** What JSON.parse sees at `path`: string content as UTF-8, anything else parsed again from its text. */
function expected(value: unknown, path: readonly string[]): unknown {
  let at = value;
  for (const key of path) {
    if (typeof at !== "object" || at === null || Array.isArray(at) || !Object.hasOwn(at, key)) return undefined;
    at = (at as Record<string, unknown>)[key];
  }
  return at;
}

function agrees(line: string, paths: string[][]): void {
  // What reaches a scanner is UTF-8, where half a surrogate pair cannot be written.
  const value: unknown = JSON.parse(Buffer.from(line).toString());
  const { bytes, start, end } = framed(line);
  const scanner = new JsonScanner(paths);
  scanner.attach(bytes);
  assert.equal(scanner.scan(start, end), -1, line);
  for (const [field, path] of paths.entries()) {
    const want = expected(value, path);
    const kind = scanner.kinds[field];
    if (want === undefined) {
      assert.equal(kind, JsonKind.missing, `${line} ${path}`);
    } else if (typeof want === "string") {
      assert.equal(kind, JsonKind.string);
      assert.deepEqual(Buffer.from(scanner.value(field)), Buffer.from(new TextEncoder().encode(want)), line);
    } else {
      assert.deepEqual(JSON.parse(Buffer.from(scanner.value(field)).toString()), want, line);
    }
  }
}

test("finds top-level and nested values", () => {
  const line =
    '{"a":1,"text":"x\\ny","metadata":{"url":"u","deep":{"n":[1,{"url":"no"}]}},"b":[{"text":"no"}],"t":true}';
  assert.deepEqual(find(line, [["text"], ["metadata", "url"], ["metadata", "deep"], ["b"], ["t"], ["metadata", "x"]]), [
    "x\ny",
    "u",
    '{"n":[1,{"url":"no"}]}',
    '[{"text":"no"}]',
    "true",
    undefined,
  ]);
});

test("of equal keys the last wins, at every level", () => {
  assert.deepEqual(find('{"text":"a","text":"b"}', [["text"]]), ["b"]);
  assert.deepEqual(find('{"text":"a","text":null}', [["text"]]), ["null"]);
  assert.deepEqual(find('{"m":{"u":"a"},"m":{"v":1}}', [["m", "u"]]), [undefined]);
  assert.deepEqual(find('{"m":{"u":"a"},"m":3}', [["m", "u"], ["m"]]), [undefined, "3"]);
  assert.deepEqual(find('{"m":3,"m":{"u":"a"}}', [["m", "u"], ["m"]]), ["a", '{"u":"a"}']);
  assert.deepEqual(find('{"te\\u0078t":"escaped key","n":1}', [["text"]]), ["escaped key"]);
});

test("decodes escapes as JSON.parse does", () => {
  const strings = [
    '"\\"\\\\\\/\\b\\f\\n\\r\\t"',
    '"\\u0000\\u001f\\u007f\\u0080\\u07ff\\u0800\\uffff"',
    '"\\ud83d\\ude00 \\uD83D\\uDE00"',
    '"\\ud83d"',
    '"\\ude00"',
    '"\\ud83d\\ud83d\\ude00"',
    '"\\ud83dx\\ude00"',
    '"\\ud83d\\n"',
    '"\\ud83d\\u0041"',
    '"\\udc00\\ud800"',
    '"a\\u4e2d\\u6587b 中文 😀"',
    '""',
    `"${"x".repeat(37)}\\n${"é".repeat(21)}\\\\"`,
  ];
  for (const text of strings) agrees(`{"text":${text}}`, [["text"]]);
  assert.deepEqual(find('{"text":"\\ud83d!"}', [["text"]]), ["\ufffd!"]);
});

test("names the byte at which a line stops being JSON", () => {
  assert.equal(check('{"text":"abc'), 12);
  assert.equal(check('{"text":"abc"'), 13);
  assert.equal(check('{"text":"abc"} x'), 15);
  assert.equal(check('{"text":"abc",}'), 14);
  assert.equal(check('{"text":"\\x"}'), 10);
  assert.equal(check('{"text":"\t"}'), 9);
  assert.equal(check('{"text":"\0"}'), 9);
  assert.equal(check('{"text":01}'), 9);
  assert.equal(check('{"text":"\\'), 10);
  assert.equal(check('{"text":"\\u12'), 13);
  assert.equal(check('{"text":tru'), 11);
  assert.equal(check("{'text':1}"), 1);
  assert.equal(check("[1,2,]"), 5);
  assert.equal(check("[1}"), 2);
});

test("every truncation of a line is caught", () => {
  const line =
    '{"id":-1.5e+3,"meta":{"a":[true,null,{"b":"\\u00e9\\ud83d\\ude00"}],"c":{}},"text":"a \\"quoted\\" text"}';
  assert.equal(check(line), -1);
  for (let length = 0; length < line.length; length++) assert.equal(check(line.slice(0, length)), length);
});

test("blank lines", () => {
  for (const [line, blank] of [
    ["", true],
    [" \t\r", true],
    [" {", false],
    ["\0", false],
    ["\v", false],
  ] as const) {
    const { bytes, start, end } = framed(line);
    assert.equal(isBlankLine(bytes, start, end), blank, JSON.stringify(line));
  }
});

test("nesting is not limited", () => {
  const deep = 200_000;
  assert.equal(check("[".repeat(deep) + "]".repeat(deep)), -1);
  assert.equal(check("[".repeat(deep)), deep);
  assert.equal(check(`${'{"a":'.repeat(deep)}1${"}".repeat(deep)}`), -1);
});

test("accepts what JSON.parse accepts: random and mutated lines", () => {
  const key = fc.constantFrom("text", "id", "m", "a.b", "é", "__proto__", "");
  const value = fc.jsonValue({ maxDepth: 4 });
  const text = fc.string({ unit: "binary" });
  const paths = [["text"], ["id"], ["m", "id"], ["m", "m", "text"], ["é"], ["__proto__"]];
  const escapeSome = (json: string, all: boolean): string =>
    json.replaceAll("\n", "\r").replace(/[^\t\r\x20-\x7e]|[a-z](?=[a-z]")/g, (c) => {
      if (!all && c.charCodeAt(0) % 2) return c;
      return [...Array(c.length).keys()].map((i) => `\\u${c.charCodeAt(i).toString(16).padStart(4, "0")}`).join("");
    });
  fc.assert(
    fc.property(
      fc.dictionary(key, fc.oneof(value, text, fc.dictionary(key, fc.oneof(value, fc.dictionary(key, text))))),
      fc.integer({ min: 0, max: 3 }),
      fc.boolean(),
      fc.constantFrom("", " ", "\t \r"),
      (object, indent, all, space) => {
        const json = escapeSome(JSON.stringify(object, null, indent ? "\t".repeat(indent) : undefined), all);
        agrees(space + json + space, paths);
      },
    ),
    { numRuns: 200 },
  );
  const alphabet = [
    '"',
    "\\",
    "{",
    "}",
    "[",
    "]",
    ":",
    ",",
    "u",
    "0",
    "1",
    "-",
    ".",
    "e",
    "+",
    "true",
    "null",
    " ",
    "\t",
    "\r",
    "a",
    "\0",
    "é",
  ];
  fc.assert(
    fc.property(fc.array(fc.constantFrom(...alphabet), { maxLength: 12 }), (parts) => {
      const line = parts.join("");
      assert.equal(check(line) === -1, parses(line), JSON.stringify(line));
    }),
    { numRuns: 1000 },
  );
  fc.assert(
    fc.property(fc.jsonValue(), fc.nat(), fc.constantFrom(...alphabet, ""), (json, place, insert) => {
      const line = JSON.stringify({ v: json });
      const at = place % line.length;
      const mutated = line.slice(0, at) + insert + line.slice(at + 1);
      assert.equal(check(mutated) === -1, parses(mutated), JSON.stringify(mutated));
    }),
    { numRuns: 1000 },
  );
});

/** Files of a tar archive. */
function* untar(archive: Buffer): Generator<{ name: string; content: Buffer }> {
  for (let at = 0; at + 512 <= archive.length; ) {
    const name = archive.toString("latin1", at, archive.indexOf(0, at));
    const size = Number.parseInt(archive.toString("latin1", at + 124, at + 136), 8);
    if (!name) return;
    const type = archive[at + 156];
    if (type === 0x30 || type === 0) yield { name, content: archive.subarray(at + 512, at + 512 + size) };
    at += 512 + Math.ceil(size / 512) * 512;
  }
}

test("JSONTestSuite: y_ accepted, n_ refused, i_ as JSON.parse has it", (t) => {
  const archive = sample("malformed/json/JSONTestSuite-test_parsing.tar.gz");
  if (!archive) return t.skip(NO_SAMPLES);
  let files = 0;
  for (const { name, content } of untar(gunzipSync(archive))) {
    const file = name.slice(name.lastIndexOf("/") + 1);
    if (!/^[yni]_/.test(file)) continue;
    files++;
    // A line holds no newline: where the case has one between tokens, a space says the same.
    const line = Buffer.from(content).map((byte) => (byte === 0x0a ? 0x20 : byte));
    let valid = true;
    try {
      JSON.parse(new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(line));
    } catch {
      valid = false;
    }
    if (file.startsWith("y_")) assert.ok(valid, file);
    // Python's words for numbers that are not finite are read, though JSON has none.
    valid ||= parses(withoutWords(line.toString()));
    let isUtf8 = true;
    try {
      new TextDecoder("utf-8", { fatal: true }).decode(line);
    } catch {
      isUtf8 = false;
    }
    // Bytes that are not UTF-8 never reach the scanner; the rest must be judged as JSON.parse does.
    if (isUtf8) {
      assert.equal(check(line) === -1, valid, file);
      const wrapped = Buffer.concat([Buffer.from('{"text":"x","v":'), line, Buffer.from("}")]);
      assert.equal(check(wrapped) === -1, parses(withoutWords(wrapped.toString())), `wrapped ${file}`);
    }
  }
  assert.equal(files, 318);
});

test("naughty strings survive", (t) => {
  const file = sample("malformed/blns.json");
  if (!file) return t.skip(NO_SAMPLES);
  const strings = JSON.parse(file.toString()) as string[];
  assert.equal(strings.length, 515);
  for (const text of strings)
    agrees(JSON.stringify({ [text]: 1, text, m: { text } }), [["text"], ["m", "text"], [text]]);
});
