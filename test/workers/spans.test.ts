import assert from "node:assert/strict";
import { test } from "node:test";
import type { Extent } from "../../stages/define.ts";
import { coverProblem } from "../../workers/spans.ts";

const SHARDS = [
  { key: "a", location: "/a", size_bytes: 100, identity: "sha256:a" },
  { key: "b", location: "/b", size_bytes: 0, identity: "sha256:b" },
];

function extent(shard: number, unit: Extent["unit"], start: number, end: number): Extent {
  return { shard, unit, start, end, size_bytes: end - start };
}

const B = extent(1, "all", 0, 0);

test("extents cover every shard once, in whatever order", () => {
  const good: readonly (readonly Extent[])[] = [
    [extent(0, "all", 0, 100)],
    [extent(0, "bytes", 50, 100), extent(0, "bytes", 0, 50)],
    [extent(0, "rows", 0, 7), extent(0, "rows", 7, 9)],
    [extent(0, "rows", 0, 0)],
  ];
  for (const extents of good) assert.equal(coverProblem([extents, [B]], SHARDS), undefined);
});

test("gaps, overlaps, short and foreign extents are named", () => {
  const bad: readonly [readonly Extent[], RegExp][] = [
    [[], /does not cover a/],
    [[extent(2, "all", 0, 1)], /names shard 2, and there are 2/],
    [[extent(0, "bytes", 0, 50), extent(0, "bytes", 51, 100)], /covers a up to bytes 50 and goes on at 51 to 100/],
    [[extent(0, "bytes", 0, 50), extent(0, "bytes", 49, 100)], /goes on at 49/],
    [[extent(0, "bytes", 0, 99)], /covers 99 of the 100 bytes of a/],
    [[extent(0, "all", 0, 10)], /covers 10 of the 100 bytes/],
    [[extent(0, "all", 0, 100), extent(0, "all", 0, 100)], /more than once/],
    [[extent(0, "rows", 0, 5), extent(0, "rows", 6, 9)], /up to rows 5 and goes on at 6/],
    [[extent(0, "rows", 0, 5), extent(0, "bytes", 5, 100)], /more than one unit/],
  ];
  for (const [extents, what] of bad) assert.match(coverProblem([extents, [B]], SHARDS) ?? "", what);
});
