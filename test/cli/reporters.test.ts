/**
 * Progress as people see it, with the width and the clock in the test's hands; and text of others on its way to a
 * terminal.
 */
import assert from "node:assert/strict";
import test from "node:test";
import fc from "fast-check";
import { printable, printableLine, shortened } from "../../cli/printable.ts";
import { overallLine, segmentLine } from "../../cli/reporters/lines.ts";
import { plainReporter } from "../../cli/reporters/plain.ts";
import { reasonsTable, rowsTable, unfinishedRows } from "../../cli/reporters/rows.ts";
import { Segments } from "../../cli/reporters/segments.ts";
import { terminalReporter } from "../../cli/reporters/terminal.ts";
import type { Plan, RowAccountSoFar, RunEvent } from "../../index.ts";

const PLAN = { name: "tiny", fingerprint: "0123456789abcdef" } as Plan;
const STARTED: RunEvent = { type: "run_started", plan: PLAN, workers: 1 };
const INGEST = { phase: "ingest", subject: "web", source: "web" } as const;

function phases(done: number, total: number, doneBytes = 0): RunEvent {
  return { type: "phases", done, total, bytes: 100_000_000, done_bytes: doneBytes };
}

function progress(bytes: number, rows = 1000): RunEvent {
  const counts = { bytes, rows, kept: rows / 2, text_bytes: bytes / 2, tokens: 0 };
  return { type: "progress", sources: [{ name: "web", counts }] };
}

const ESC = "\u001b";
const CONTROL = new RegExp(`(${ESC}\\[\\d*[A-Za-z]|\\r|\\n)`);
const MOVE = new RegExp(`^${ESC}\\[(\\d*)([A-Za-z])$`);
const COLOR = new RegExp(`${ESC}\\[\\d+m`, "g");

/** A stream that keeps what is written to it. */
class Sink {
  written = "";
  columns: number;
  rows: number;
  resize = (): void => {};

  constructor(columns = 80, rows = 30) {
    this.columns = columns;
    this.rows = rows;
  }

  write(text: string): void {
    this.written += text;
  }

  on(_: "resize", listener: () => void): void {
    this.resize = listener;
  }

  off(): void {}
}

/** Says what a terminal of `columns` by `rows` shows after all that was written, line by line. */
function screenOf(output: string, columns: number): string[] {
  const screen: string[] = [""];
  let line = 0;
  for (const part of output.split(CONTROL)) {
    const move = MOVE.exec(part);
    if (move?.[2] === "A") line -= Number(move[1]);
    else if (move?.[2] === "J") screen.length = line + 1;
    else if (move !== null) continue;
    else if (part === "\r") screen[line] = "";
    else if (part === "\n") screen[++line] ??= "";
    else {
      // Long lines wrap.
      for (let at = 0; at < part.length; at += columns) {
        if (at > 0) line++;
        screen[line] = (at > 0 ? "" : (screen[line] ?? "")) + part.slice(at, at + columns);
      }
    }
  }
  return screen.filter((text) => text !== "");
}

test("progress goes by bytes of the input, what was read before counted in; the whole run has a line of its own", () => {
  let now = 0;
  const segments = new Segments(() => now);
  segments.take(STARTED);
  segments.take(phases(1, 11, 20_000_000));
  segments.take({ type: "phase_started", ...INGEST, tasks: 4, done: 1, bytes: 100_000_000, done_bytes: 20_000_000 });
  now = 10_000;
  segments.take(progress(40_000_000));
  const [ingest, whole] = segments.lines(120);
  // 40 MB in 10 s, 40 MB to go; one of four tasks is done.
  assert.match(
    ingest ?? "",
    /^ingest {2}web .*█{10}░{6} {4}60 % {2}ETA 00:10 {2}4\.00 MB\/s {2}kept 50 % {2}100 docs\/s$/,
  );
  assert.match(whole ?? "", /^run tiny {2}phase 1 of 10 {2}00:10 elapsed {2}ETA \d\d:\d\d {2}60\.0 MB of 100 MB read$/);
  segments.take(phases(2, 11, 60_000_000));
  assert.match(segments.lines(120)[1] ?? "", /phase 2 of 10/);
});

test("a phase that reads no input goes by tasks; a finished one is a line that counts right", () => {
  let now = 0;
  const segments = new Segments(() => now);
  segments.take(STARTED);
  segments.take(phases(0, 3));
  assert.match(
    segments.take({ type: "phase_started", phase: "gather", subject: "web", tasks: 4, done: 0 }).join("\n"),
    /^run tiny: plan 0123456789abcdef, 1 worker$/,
  );
  now = 3000;
  segments.take({ type: "task_done", phase: "gather", subject: "web", reused: false });
  assert.match(segments.lines(100)[0] ?? "", /1\/4 {2}ETA 00:09/);
  segments.take({ type: "phase_started", ...INGEST, tasks: 1, done: 0, bytes: 10, done_bytes: 0 });
  segments.take(progress(10));
  const done = segments.take({ type: "phase_done", ...INGEST });
  assert.deepEqual(done, ["ingest  web: 1 task in 0.0 s, 5 B kept"]);
  assert.deepEqual(segments.take({ type: "phase_done", phase: "gather", subject: "web" }), [
    "gather  web: 4 tasks in 3.0 s",
  ]);
});

test("lines fit any width, and name what matters as long as there is room", () => {
  const state = {
    phase: "ingest",
    subject: "a-source-with-a-very-long-name-that-goes-on",
    seconds: 12_345,
    tasks: 99_999,
    done: 12_345,
    ratio: 0.5,
    fresh: 0.25,
    counts: { bytes: 1e12, rows: 123_456_789, kept: 98_765_432 },
  };
  const whole = {
    name: "r",
    seconds: 12_345,
    done: 3,
    total: 20,
    doneBefore: 0,
    bytes: 1e13,
    bytesBefore: 0,
    bytesRead: 1e12,
    stopping: false,
  };
  for (let width = 1; width <= 220; width++) {
    for (const line of [
      segmentLine(state, width),
      overallLine(whole, width),
      overallLine({ ...whole, stopping: true }, width),
    ]) {
      assert.ok(line.length <= width, `${width}: ${line}`);
    }
    if (width >= 40) assert.match(segmentLine(state, width), /50 % {2}ETA/);
  }
  assert.doesNotMatch(segmentLine(state, 40), /█/);
  assert.match(segmentLine(state, 60), /█/);
});

test("a terminal that becomes narrower is erased as it wraps now; more phases than rows are counted", () => {
  const stream = new Sink(100);
  const reporter = terminalReporter(stream, { colors: false, now: () => 0 });
  reporter.report(STARTED);
  reporter.report(phases(0, 9));
  for (let i = 0; i < 6; i++) {
    reporter.report({ type: "phase_started", phase: "pack", subject: `source-${i}`, tasks: 4, done: 0 });
  }
  reporter.report(progress(1));
  assert.equal(screenOf(stream.written, 100).filter((line) => line.startsWith("pack")).length, 6);
  // What is on the screen is wrapped by the terminal itself.
  const before = screenOf(stream.written, 100);
  const wrapped = before.flatMap((line) => line.match(/.{1,45}/g) ?? []);
  stream.written = `${wrapped.join("\n")}\n`;
  stream.columns = 45;
  stream.resize();
  const narrow = screenOf(stream.written, 45);
  assert.equal(narrow.filter((line) => line.startsWith("pack")).length, 6, narrow.join("\n"));
  assert.equal(narrow.filter((line) => line.startsWith("run tiny  phase")).length, 1, narrow.join("\n"));
  stream.rows = 4;
  stream.resize();
  assert.match(screenOf(stream.written, 45).join("\n"), /pack[\s\S]*… 5 other phases\nrun tiny/);
});

test("colours are left out when asked; what the run says stays on the screen", () => {
  for (const colors of [true, false]) {
    const stream = new Sink();
    const reporter = terminalReporter(stream, { colors });
    reporter.report(STARTED);
    reporter.report(phases(0, 2));
    reporter.report({ type: "phase_started", phase: "cut", subject: "web", tasks: 1, done: 0 });
    reporter.report({ type: "warning", message: "mind this" });
    reporter.note("stopping: what is in flight is committed first");
    reporter.report(progress(0));
    reporter.report(progress(0));
    assert.equal(stream.written.search(COLOR) >= 0, colors);
    const screen = screenOf(stream.written.replaceAll(COLOR, ""), 80).join("\n");
    assert.match(screen, /warning: mind this\nstopping: what is in flight/);
    assert.match(screen, /run tiny: stopping/);
    reporter.close();
  }
});

test("a run that has nothing to do opens no transcript", () => {
  const stream = new Sink();
  const reporter = plainReporter(stream, true);
  reporter.report(STARTED);
  reporter.report({ type: "warning", message: "told when it was made" });
  reporter.report(phases(9, 9, 100_000_000));
  reporter.close();
  assert.equal(stream.written, "");
});

const account: RowAccountSoFar = {
  name: "web",
  rows_in: 1000,
  kept: 700,
  dropped: { "a:one": 10, "a:two": 90, "b:three": 50, "b:four": 30, "b:five": 5 },
  errors: { empty_text: 60, missing_text: 5, bad_json: 50 },
  tokens: 0,
  text_bytes: 12_345,
  complete: false,
  spans_read: 1,
  spans: 3,
  undecided: ["exact"],
  unjudged: 0,
};

test("the table of rows adds up, calls empty rows empty, and the reasons are the most frequent ones", () => {
  const [titles = "", row = ""] = rowsTable([account]).split("\n");
  assert.match(titles, /source +rows in +kept +dropped +empty +errors +text/);
  assert.match(row, /web +1,000 +700 +185 +65 +50 +12\.3 kB/);
  assert.deepEqual(
    reasonsTable([account])
      .split("\n")
      .map((line) => line.trim().replaceAll(/ {2,}/g, " | ")),
    [
      "source | went because | rows | share",
      "web | a: two | 90 | 9.0 %",
      "b: three | 50 | 5.0 %",
      "b: four | 30 | 3.0 %",
      "2 other reasons | 15 | 1.5 %",
      "empty: empty_text | 60 | 6.0 %",
      "empty: missing_text | 5 | 0.5 %",
      "error: bad_json | 50 | 5.0 %",
    ],
  );
  assert.match(
    unfinishedRows("r", [account]),
    /web: 1 of 3 spans read to the end; what exact will drop is still among the kept[\s\S]*peek r --errors/,
  );
  assert.equal(unfinishedRows("r", [{ ...account, rows_in: 0 }]), "");
});

test("what others wrote cannot do anything to a terminal", () => {
  const hostile = "a\u001b[2Jb\u0007c\u009b31md\u202ee\rf\u0000\n\tg";
  assert.equal(printable(hostile), "a\\u001b[2Jb\\u0007c\\u009b31md\\u202ee\\u000df\\u0000\n\tg");
  assert.equal(printableLine("x\ny"), "x\\u000ay");
  fc.assert(
    fc.property(
      fc.string({ unit: "binary" }),
      (text) => !/[\p{Cc}\u202a-\u202e\u2066-\u2069]/u.test(printableLine(text)),
    ),
  );
});

test("a long text is cut with a count of characters, never inside one", () => {
  assert.equal(shortened("abc", 3), "abc");
  assert.equal(shortened("abcd", 3), "abc… 1 more character");
  assert.equal(shortened("😀😀😀", 2), "😀😀… 1 more character");
  assert.equal(shortened("😀😀", 2), "😀😀");
  assert.equal(shortened("x".repeat(5000), 2000), `${"x".repeat(2000)}… 3,000 more characters`);
});
