/** What the golden tables made by test/golden/scripts/readers.py hold. */
import { readFileSync } from "node:fs";

export const GOLDEN_ROWS = 60;

export function golden(name: string): Buffer {
  return readFileSync(`test/golden/readers/${name}`);
}

export function goldenText(i: number): string | null {
  return i % 50 === 7 ? null : `row ${i} é中😀 ${"lorem ipsum ".repeat(i % 20)}`;
}

/** Every column of row `i`, as cells. */
export function goldenRow(i: number): Record<string, unknown> {
  return {
    id: String(10 ** 15 + i),
    text: goldenText(i),
    language: ["en", "de", null][i % 3],
    score: i % 4 === 0 ? null : i / 8,
    half: i / 2,
    small: i - 100,
    unsigned: BigInt(2 ** 32 - 1 - i),
    huge: String(2n ** 64n - 1n - BigInt(i)),
    flag: i % 5 === 0 ? null : i % 2 === 0,
    day: new Date(Date.UTC(1969, 11, 30 + i)).toISOString().slice(0, 10),
    seen: `2024-02-29T23:59:59.${String(i).padStart(6, "0")}Z`,
    local: "1969-12-31T23:59:59.999",
    price: i / 4,
    meta: i % 6 === 0 ? null : `{"url":${i % 2 ? `"u${i}"` : "null"},"n":${2n ** 60n + BigInt(i)}}`,
    langs: i % 9 === 0 ? null : JSON.stringify(Array.from({ length: i % 4 }, (_, j) => `l${j}`)),
  };
}

export const GOLDEN_METADATA = Object.keys(goldenRow(0)).filter((name) => name !== "id" && name !== "text");
