import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { allocate, release } from "../../batch/memory.ts";
import { TokenRuns } from "../../workers/tasks/span/token-runs.ts";

interface Document {
  readonly high: number;
  readonly low: number;
  readonly tokens: Uint8Array;
}

function store(documents: readonly Document[], tokenBytes: number, runBytes?: number) {
  const written: Buffer[] = [];
  const runs = new TokenRuns((bytes) => written.push(Buffer.from(bytes)), tokenBytes, runBytes);
  for (const { high, low, tokens } of documents) {
    // The caller's memory is its own again after `add`.
    const lent = tokens.slice();
    runs.add(high, low, lent);
    lent.fill(0xee);
  }
  const { run, tokenStart } = runs.finish();
  return { file: Buffer.concat(written), run: [...run], tokenStart: [...tokenStart] };
}

/** Which run each document belongs to: what fits in the buffer together, in order; what does not fit alone is alone. */
function expectedRuns(documents: readonly Document[], runBytes: number): number[] {
  let run = 0;
  let filled = 0;
  let isEmpty = true;
  return documents.map(({ tokens: { length } }) => {
    if (filled + length > runBytes && !isEmpty) {
      run++;
      filled = 0;
      isEmpty = true;
    }
    if (length > runBytes) return run++;
    isEmpty = false;
    filled += length;
    return run;
  });
}

const keyOf = ({ high, low }: Document): bigint => (BigInt(high) << 32n) | BigInt(low);

/** Documents in file order: by run, then by key, then by number. */
function expectedOrder(documents: readonly Document[], run: readonly number[]): number[] {
  return documents
    .map((_, document) => document)
    .sort((a, b) => {
      if (run[a] !== run[b]) return run[a] - run[b];
      const [x, y] = [keyOf(documents[a]), keyOf(documents[b])];
      return x < y ? -1 : x > y ? 1 : a - b;
    });
}

function check(documents: readonly Document[], tokenBytes: number, runBytes: number): void {
  const { file, run, tokenStart } = store(documents, tokenBytes, runBytes);
  assert.deepEqual(run, expectedRuns(documents, runBytes));
  const order = expectedOrder(documents, run);
  assert.ok(file.equals(Buffer.concat(order.map((document) => documents[document].tokens))), "the file");
  assert.equal(tokenStart.length, documents.length);
  documents.forEach(({ tokens }, document) => {
    const at = tokenStart[document] * tokenBytes;
    assert.ok(file.subarray(at, at + tokens.length).equals(tokens), `document ${document}`);
  });
  let last = 0;
  for (const document of order) {
    assert.ok(tokenStart[document] >= last, "starts ascend with the order");
    last = tokenStart[document];
  }
}

// Few keys, so that there are ties in either word; words with the high bit set, which are not negative here.
const word = fc.constantFrom(0, 1, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff);
const documentsOf = (tokenBytes: number) =>
  fc.array(
    fc.tuple(word, word, fc.oneof(fc.nat(6), fc.nat(30)), fc.nat(255)).map(([high, low, count, seed]): Document => {
      const tokens = Uint8Array.from({ length: count * tokenBytes }, (_, i) => seed + i * 31);
      return { high, low, tokens };
    }),
    { maxLength: 60 },
  );

for (const tokenBytes of [2, 4]) {
  test(`runs of ${tokenBytes}-byte tokens: every document where it is said to be, keys ascend in a run, ties by number`, () => {
    fc.assert(
      fc.property(documentsOf(tokenBytes), fc.integer({ min: 0, max: 300 }), (documents, runBytes) => {
        check(documents, tokenBytes, runBytes);
      }),
      { seed: 5, numRuns: 400 },
    );
  });
}

const bytes = (length: number, fill: number): Uint8Array => new Uint8Array(length).fill(fill);

test("one run is sorted by unsigned keys; documents of one key stay in order", () => {
  const documents = [
    { high: 0xffff_ffff, low: 0, tokens: bytes(2, 1) },
    { high: 0, low: 0xffff_ffff, tokens: bytes(4, 2) },
    { high: 0x8000_0000, low: 7, tokens: bytes(2, 3) },
    { high: 0, low: 1, tokens: bytes(6, 4) },
    { high: 0x8000_0000, low: 7, tokens: bytes(2, 5) },
  ];
  const { file, run, tokenStart } = store(documents, 2, 1024);
  assert.deepEqual([...file], [4, 4, 4, 4, 4, 4, 2, 2, 2, 2, 3, 3, 5, 5, 1, 1]);
  assert.deepEqual(run, [0, 0, 0, 0, 0]);
  assert.deepEqual(tokenStart, [7, 3, 5, 0, 6]);
});

test("a run ends where the next document does not fit; a larger document than any buffer is a run of its own", () => {
  const lengths = [8, 8, 2, 20, 4, 22, 24, 16, 0, 2];
  const documents = lengths.map((length, i) => ({ high: 100 - i, low: 0, tokens: bytes(length, i) }));
  const { run, tokenStart, file } = store(documents, 2, 16);
  assert.deepEqual(run, [0, 0, 1, 2, 3, 4, 5, 6, 6, 7]);
  assert.deepEqual(tokenStart, [4, 0, 8, 9, 19, 21, 32, 44, 44, 52]);
  assert.equal(file.length, 106);
});

test("no documents are no bytes and no runs", () => {
  assert.deepEqual(store([], 2, 64), { file: Buffer.alloc(0), run: [], tokenStart: [] });
  assert.deepEqual(store([], 4), { file: Buffer.alloc(0), run: [], tokenStart: [] });
});

test("documents of some MiB, smaller and larger than a write", () => {
  const mib = 1024 * 1024;
  const documents = [3, 1, 5, 2, 4, 6, 11, 1].map((size, i) => ({
    high: (i * 0x9e37_79b9) >>> 0,
    low: i,
    tokens: bytes(size * mib + 4 * i, i + 1),
  }));
  check(documents, 4, 10 * mib);
});

test("the buffer is given back once, by finish or by abort", () => {
  const runBytes = 1024 * 1024;
  const place = (): number => {
    const block = allocate(runBytes);
    release(block);
    return block.byteOffset;
  };
  const before = place();
  const aborted = new TokenRuns(() => assert.fail("nothing was finished"), 2, runBytes);
  assert.notEqual(place(), before);
  aborted.add(0, 0, bytes(2, 1));
  aborted.abort();
  assert.equal(place(), before);
  const finished = new TokenRuns(() => {}, 2, runBytes);
  assert.notEqual(place(), before);
  finished.finish();
  assert.equal(place(), before);
});

test("a failed write ends finish and leaves the buffer to abort", () => {
  const runs = new TokenRuns(
    () => {
      throw new Error("no space");
    },
    2,
    1024,
  );
  runs.add(0, 0, bytes(2, 1));
  assert.throws(() => runs.finish(), /no space/);
  runs.abort();
});
