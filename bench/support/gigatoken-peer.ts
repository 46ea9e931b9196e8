/** Gigatoken in a Python process of its own, asked for figures one set of texts at a time (`bench/peers/gigatoken_peer.py`). */
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { createInterface } from "node:readline";
import type { Phase } from "./gigatoken.ts";

export type PeerFigures = Partial<Record<Phase | "load_ms", number>>;

export interface GigatokenPeer {
  measure(first: readonly Buffer[], second: readonly Buffer[]): Promise<PeerFigures>;
  close(): void;
}

/** @param python an interpreter that has the package */
export function startGigatoken(python: string, tokenizer: string): GigatokenPeer {
  const child = spawn(python, ["bench/peers/gigatoken_peer.py", tokenizer], { stdio: ["pipe", "pipe", "inherit"] });
  const answers = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const folder = mkdtempSync(path.join(tmpdir(), "gigatoken-"));
  const file = path.join(folder, "texts.json");
  return {
    async measure(first, second) {
      const strings = (texts: readonly Buffer[]) => texts.map((text) => text.toString("utf8"));
      writeFileSync(file, JSON.stringify({ first: strings(first), second: strings(second) }));
      child.stdin.write(`${file}\n`);
      const answer = await answers.next();
      if (answer.done === true) throw new Error("gigatoken_peer.py ended without an answer");
      return JSON.parse(answer.value) as PeerFigures;
    },
    close() {
      child.stdin.end();
      rmSync(folder, { recursive: true });
    },
  };
}
