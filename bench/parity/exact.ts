/** The exact part of the parity page: which of equal texts datatrove keeps beside which `dedup/exact` keeps, all documents in one file. */
import { mkdtempSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { runPeer } from "../support/peer.ts";
import { describeDocuments, parityDocuments } from "./documents.ts";
import { throughStage, writeRows } from "./own-run.ts";
import { type ParitySection, tableOf } from "./section.ts";

const NAMED = 20;

export const exact: ParitySection = {
  name: "exact",
  title: "Exact duplicates: datatrove 0.10.1",
  run: async (context) => {
    const documents = await parityDocuments(context);
    const folder = mkdtempSync(path.join(os.tmpdir(), "parity-"));
    try {
      const file = writeRows(folder, documents);
      const { left, dropped } = await throughStage(folder, file, "{ use: dedup/exact }");
      const { kept } = JSON.parse(runPeer(context.python, "datatrove_dedup.py", ["exact", file])) as { kept: number[] };
      const theirs = new Set(kept);
      const apart = [...documents.keys()].filter((row) => left.has(row) !== theirs.has(row));
      const table = tableOf(
        ["documents", "kept here", "kept by datatrove", "dropped here", "differences"],
        [[documents.length, left.size, theirs.size, dropped.size, apart.length]],
      );
      const named = apart.slice(0, NAMED).map((row) => {
        const { from, row: at } = documents[row];
        return `- ${from} #${at}: ${theirs.has(row) ? "kept" : "dropped"} there, ${left.has(row) ? "kept" : "dropped"} here`;
      });
      const listed = apart.length === 0 ? "There is no difference." : `Differences:\n\n${named.join("\n")}`;
      return {
        text: `${table}\n\nWhole texts are compared. ${describeDocuments(documents, context)}\n\n${listed}`,
        holds: apart.length === 0,
        figures: { documents: documents.length, kept: left.size, peer_kept: theirs.size, differences: apart.length },
      };
    } finally {
      rmSync(folder, { recursive: true });
    }
  },
};
