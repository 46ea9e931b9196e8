/** The decontamination part of the parity page: rows that `rule: datatrove` flags beside those that datatrove's n-gram filter flags, by the same items. */
import { mkdtempSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { flagged, openRule, writeItems } from "../support/contamination-score.ts";
import { readEvaluationItems } from "../support/evaluation-items.ts";
import { fileAssets } from "../support/file-assets.ts";
import { runPeer } from "../support/peer.ts";
import { describeDocuments, parityDocuments } from "./documents.ts";
import { type ParitySection, tableOf } from "./section.ts";

const NAMED = 20;

export const decontamination: ParitySection = {
  name: "decontamination",
  title: "Decontamination: datatrove 0.10.1",
  run: async (context) => {
    const documents = await parityDocuments(context);
    const items = readEvaluationItems(path.join(context.samples, "eval"));
    // A tenth of the items stands in the texts as question and answer, so that there is something to find.
    const planted = items.filter((_, row) => row % 10 === 0).map(({ question, answer }) => `${question}\n${answer}`);
    const texts = [...documents.map(({ text }) => text), ...planted];
    const folder = mkdtempSync(path.join(os.tmpdir(), "parity-"));
    try {
      const ours = flagged(await openRule(writeItems(folder, items), { rule: "datatrove" }, fileAssets()), texts);
      context.say(`ours: ${ours.size} of ${texts.length} texts`);
      const given = { items: items.map(({ question, answer }) => [question, answer]), texts };
      const answer = runPeer(context.python, "datatrove_decontamination.py", [], JSON.stringify(given));
      const theirs = new Set((JSON.parse(answer) as { readonly rows: readonly number[] }).rows);
      const apart = [...texts.keys()].filter((row) => ours.has(row) !== theirs.has(row));
      const within = (rows: ReadonlySet<number>) => [...rows].filter((row) => row < documents.length).length;
      const table = tableOf(
        ["texts", "items", "flagged here, there", "of them planted here, there", "differences"],
        [
          [
            texts.length,
            items.length,
            `${ours.size}, ${theirs.size}`,
            `${ours.size - within(ours)}, ${theirs.size - within(theirs)}`,
            apart.length,
          ],
        ],
      );
      const about =
        `\`rule: datatrove\`, items of ${new Set(items.map(({ suite }) => suite)).size} evaluation sets; besides the documents a ` +
        `tenth of the items, as question and answer: ${planted.length}. ${describeDocuments(documents, context)}`;
      const named = apart.slice(0, NAMED).map((row) => {
        const name = row < documents.length ? `${documents[row].from} #${documents[row].row}` : "planted item";
        return `- ${name}: ${theirs.has(row) ? "flagged" : "not flagged"} there, ${ours.has(row) ? "flagged" : "not flagged"} here`;
      });
      const listed = apart.length === 0 ? "There is no difference." : `Differences:\n\n${named.join("\n")}`;
      return {
        text: `${table}\n\n${about}\n\n${listed}`,
        holds: apart.length === 0,
        figures: {
          texts: texts.length,
          items: items.length,
          flagged: ours.size,
          peer_flagged: theirs.size,
          apart: apart.length,
        },
      };
    } finally {
      rmSync(folder, { recursive: true });
    }
  },
};
