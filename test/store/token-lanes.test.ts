import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { commitBytes } from "../../io/local/commit.ts";
import { pathOf, type Vouched } from "../../io/local/vouched.ts";
import { planBestFit } from "../../kernels/pack/best-fit.ts";
import { planConcat } from "../../kernels/pack/concat.ts";
import { copiedRuns, type FillInput, fillOutput, fillWindows, type Lane, laneOf } from "../../kernels/pack/fill.ts";
import { bytesOf } from "../../store/token-file.ts";
import { withTokenLanes } from "../../store/token-lanes.ts";
import { temporaryFolder } from "../io/temporary.ts";
import { damaged, flipByte, vouchedFor } from "../io/vouched.ts";

const LENGTHS = [3000, 20, 1, 700, 2500, 40, 1999, 640];
const ENDS = Float64Array.from(LENGTHS.map((_, i) => LENGTHS.slice(0, i + 1).reduce((sum, length) => sum + length, 0)));
const TOKENS = Uint32Array.from({ length: ENDS.at(-1) ?? 0 }, (_, i) => 7 * i + 1);
const LOSS = Uint8Array.from(TOKENS, (_, i) => (i >> 4) & 1);
const WINDOW = 1024;

const PLANS = {
  "runs of a window": planConcat(ENDS, WINDOW, [3, 3]),
  "runs of a document": planBestFit(ENDS, WINDOW, [3, 3], { max_documents: 0 }),
};

function committed(path: string, bytes: Uint8Array): Vouched {
  return vouchedFor(path, commitBytes(path, bytes));
}

function filled(input: Omit<FillInput, "document_ends" | "window_tokens" | "eos">): unknown {
  const whole = { ...input, document_ends: ENDS, window_tokens: WINDOW, eos: 0 };
  const output = fillOutput(whole, 0, input.plan.windows);
  fillWindows(whole, 0, input.plan.windows, output);
  return output;
}

test("windows are the same from the file and from memory, in both widths, with and without a loss lane", (t) => {
  const folder = temporaryFolder(t);
  const loss = committed(join(folder, "loss"), LOSS);
  for (const [name, plan] of Object.entries(PLANS)) {
    for (const tokens of [TOKENS, Uint16Array.from(TOKENS)]) {
      const token_bytes = tokens.BYTES_PER_ELEMENT === 2 ? 2 : 4;
      const file = committed(join(folder, `${name}-${token_bytes}`), bytesOf(tokens));
      const expected = filled({ plan, tokens: laneOf(tokens), loss: laneOf(LOSS) });
      // One run: read from the file. More runs than bytes: in memory.
      for (const runs of [1, TOKENS.length]) {
        const files = { tokens: file, token_bytes, loss, runs } as const;
        assert.deepEqual(
          withTokenLanes(files, (lanes) => filled({ plan, ...lanes })),
          expected,
        );
      }
      withTokenLanes({ tokens: file, token_bytes, runs: 1 }, (lanes) => assert.equal(lanes.loss, undefined));
    }
  }
});

test("as many copies are made as were counted, and pieces that follow each other are one", () => {
  for (const plan of Object.values(PLANS)) {
    let copies = 0;
    const inMemory = laneOf(TOKENS);
    const tokens: Lane<Uint32Array<ArrayBuffer>> = {
      ...inMemory,
      copy: (...run) => {
        copies++;
        inMemory.copy(...run);
      },
    };
    const input = { plan, tokens, document_ends: ENDS, window_tokens: WINDOW, eos: 0 };
    fillWindows(input, 0, plan.windows, fillOutput(input, 0, plan.windows));
    assert.equal(copies, copiedRuns(input));
  }
  const concat = PLANS["runs of a window"];
  assert.ok(copiedRuns({ plan: concat, document_ends: ENDS }) <= concat.windows, "a window's pieces are one run");
});

test("nothing is read from a file with a changed byte, however it is read", (t) => {
  const tokens = committed(join(temporaryFolder(t), "tokens"), bytesOf(TOKENS));
  flipByte(pathOf(tokens), 4 * TOKENS.length - 1);
  for (const runs of [1, TOKENS.length]) {
    assert.throws(
      () => withTokenLanes({ tokens, token_bytes: 4, runs }, () => assert.fail("the lanes were handed out")),
      damaged(tokens, /has other content than was committed/),
    );
  }
});
