/**
 * The part of the parity page about deduplication that edits: what datatrove's sentence dedup leaves of every text beside what ours does.
 *
 * By sentences and by lines, `words: spacy-en`, all documents in one file. Equal is what is left of a text, to the byte, or that nothing is.
 */
import { mkdtempSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { runPeer } from "../support/peer.ts";
import { describeDocuments, parityDocuments } from "./documents.ts";
import { readTexts, throughStage, writeRows } from "./own-run.ts";
import { type ParitySection, tableOf } from "./section.ts";

const NAMED = 40;
const SPLITS = ["sentences", "lines"] as const;

export const sentences: ParitySection = {
  name: "sentences",
  title: "Sentences and lines: datatrove 0.10.1",
  run: async (context) => {
    const documents = await parityDocuments(context);
    const rows: (string | number)[][] = [];
    const named: string[] = [];
    let differences = 0;
    for (const split of SPLITS) {
      const folder = mkdtempSync(path.join(os.tmpdir(), "parity-"));
      try {
        const file = writeRows(folder, documents);
        const { left } = await throughStage(folder, file, `{ use: dedup/sentences, words: spacy-en, split: ${split} }`);
        context.say(`ours, by ${split}: ${left.size} of ${documents.length} documents are left`);
        const kept = path.join(folder, "kept.jsonl");
        runPeer(context.python, "sentence_dedup_peer.py", [file, kept, ...(split === "lines" ? ["lines"] : [])]);
        const theirs = readTexts(kept);
        const counts = { unchanged: 0, edited: 0, dropped: 0, apart: 0 };
        for (const [row, { from, row: at, text }] of documents.entries()) {
          const [mine, other] = [left.get(row), theirs.get(row)];
          if (other === undefined) counts.dropped++;
          else if (other === text) counts.unchanged++;
          else counts.edited++;
          if (mine === other) continue;
          counts.apart++;
          const said = (value: string | undefined) =>
            value === undefined ? "dropped" : `${value.length} characters left`;
          if (counts.apart <= NAMED)
            named.push(`- by ${split}, ${from} #${at}: ${said(other)} there, ${said(mine)} here`);
        }
        differences += counts.apart;
        rows.push([split, documents.length, counts.unchanged, counts.edited, counts.dropped, counts.apart]);
      } finally {
        rmSync(folder, { recursive: true });
      }
    }
    const table = tableOf(
      ["split", "documents", "datatrove leaves as they are", "it edits", "it drops", "differences"],
      rows,
    );
    const about = `Three sentences or lines are compared together; all other options are the defaults. ${describeDocuments(documents, context)}`;
    const listed = differences === 0 ? "There is no difference." : `Differences:\n\n${named.join("\n")}`;
    return {
      text: `${table}\n\n${about}\n\n${listed}`,
      holds: differences === 0,
      figures: { documents: documents.length, rows },
    };
  },
};
