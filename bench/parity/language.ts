/**
 * The language part of the parity page: labels and scores of a fastText model beside those of fastText itself.
 *
 * Equal are the best label, its score and that of one more label within 1e-5, and what `filter/language` decides at
 * 0.65, datatrove's threshold. Line feeds are spaces, as in datatrove. Invariant: a text that is not compared, because
 * it holds the byte that separates the peer's input, is counted.
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { labelPositions, openFasttext, withoutPrefix } from "../../stages/fasttext-model.ts";
import { fileAssets } from "../support/file-assets.ts";
import { runPeer } from "../support/peer.ts";
import { describeDocuments, parityDocuments } from "./documents.ts";
import { type ParityContext, type ParitySection, tableOf } from "./section.ts";

const SEPARATOR = 1;
const TOLERANCE = 1e-5;
const THRESHOLD = 0.65;
/** Differences that are named. */
const NAMED = 20;

/** The best label, its score, and the score of the watched label; null where there is no label. */
type Answer = readonly [label: string, score: number, watched: number] | null;

function peerAnswers(model: string, label: string, texts: readonly Buffer[], context: ParityContext): Answer[] {
  const folder = mkdtempSync(path.join(tmpdir(), "parity-"));
  try {
    const file = path.join(folder, "texts");
    writeFileSync(file, Buffer.concat(texts.flatMap((text) => [text, Buffer.of(SEPARATOR)])));
    const stdout = runPeer(context.python, "fasttext_labels.py", [model, file, label]);
    return stdout
      .split("\n")
      .slice(0, -1)
      .map((line) => JSON.parse(line) as Answer);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function ourAnswers(file: string, label: string, texts: readonly Buffer[]): Answer[] {
  const model = openFasttext(fileAssets(), { asset: file });
  const watched = labelPositions([withoutPrefix(label)], model.labels, path.basename(file));
  const best = model.classifier({ newlines: "space", bounds: [THRESHOLD] });
  const watching = model.classifier({ newlines: "space", watched, bounds: [THRESHOLD] });
  return texts.map((text): Answer => {
    if (!best.judge(text, 0, text.length) || !watching.judge(text, 0, text.length)) return null;
    return [model.labels[best.label] ?? "", best.score, watching.scores[0] ?? 0];
  });
}

export const language: ParitySection = {
  name: "language",
  title: "Languages: fastText 0.9.2",
  run: async (context) => {
    const { model, label = "__label__en" } = context.options;
    if (model === undefined) throw new Error("name the fastText model of languages: --model FILE");
    const all = await parityDocuments(context);
    const documents = all.filter(({ text }) => !text.includes(String.fromCharCode(SEPARATOR)));
    const texts = documents.map(({ text }) => Buffer.from(text));
    const ours = ourAnswers(model, label, texts);
    context.say(`ours: ${ours.length} documents`);
    const theirs = peerAnswers(model, label, texts, context);
    if (theirs.length !== texts.length) throw new Error(`fastText answered ${theirs.length} of ${texts.length} texts`);
    const counts = { labels: 0, scores: 0, decisions: 0, worst: 0 };
    const named: string[] = [];
    for (const [row, mine] of ours.entries()) {
      const other = theirs[row] ?? null;
      const [best, score, watched] = mine ?? ["", 0, 0];
      const [peerBest, peerScore, peerWatched] = other ?? ["", 0, 0];
      const isSame = (mine === null) === (other === null) && best === withoutPrefix(peerBest);
      const distance = Math.max(Math.abs(score - peerScore), Math.abs(watched - peerWatched));
      if (!isSame) counts.labels++;
      if (distance > TOLERANCE) counts.scores++;
      if (!isSame || score > THRESHOLD !== peerScore > THRESHOLD) counts.decisions++;
      counts.worst = Math.max(counts.worst, distance);
      if ((!isSame || distance > TOLERANCE) && named.length < NAMED) {
        const { from, row: at } = documents[row];
        named.push(`- ${from} #${at}: ${peerBest} ${peerScore} there, ${best} ${score} here`);
      }
    }
    const name = path.basename(model);
    const table = tableOf(
      ["model", "documents", "other labels", "scores further than 1e-5", "other decisions at 0.65", "furthest score"],
      [[`\`${name}\``, texts.length, counts.labels, counts.scores, counts.decisions, counts.worst.toExponential(1)]],
    );
    const left =
      all.length === texts.length
        ? ""
        : ` Left out are ${all.length - texts.length} that hold U+0001, which separates texts for fastText.`;
    const listed = named.length === 0 ? "There is no difference." : `Differences:\n\n${named.join("\n")}`;
    const about = `Compared are the best label, its score and the score of \`${label}\`. ${describeDocuments(documents, context)}`;
    return {
      text: `${table}\n\n${about}${left}\n\n${listed}`,
      holds: counts.labels === 0 && counts.scores === 0 && counts.decisions === 0,
      figures: { model: name, documents: texts.length, ...counts },
    };
  },
};
