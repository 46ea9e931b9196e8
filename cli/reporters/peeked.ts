/** Rows and windows for people: where they are, what became of them, and as much of their text as fits a look. */
import type { PeekedDocument, PeekedProblem, PeekedWindow } from "../../index.ts";
import { counted, formatInteger } from "../format.ts";
import { printableLine, shortened } from "../printable.ts";

/** `limit` in characters. */
export function documentText(document: PeekedDocument, limit: number): string {
  const { address, id, fate, text } = document;
  const parts = [
    address,
    ...(id === undefined || id === "" ? [] : [id]),
    ...(fate === undefined ? [] : [fateText(document)]),
  ];
  return `── ${parts.map(printableLine).join("  ")}\n${shortened(text, limit)}\n`;
}

function fateText({ fate, verdict, problem, rewritten_by }: PeekedDocument): string {
  const rewritten = rewritten_by === undefined ? "" : `, text as read: ${rewritten_by.join(", ")} changes it`;
  switch (fate) {
    case "held_out":
      return `held out for validation${rewritten}`;
    case "undecided":
      return `not dropped so far${rewritten}`;
    case "unusable":
      return `unusable: ${problem?.kind} (${problem?.message})`;
    case "dropped":
      return verdictText(verdict);
    default:
      return `kept${rewritten}`;
  }
}

/** `gopher-quality: too_few_words (12)`, behind it in quotes what else is known, and of which row it is a copy. */
function verdictText(verdict: PeekedDocument["verdict"]): string {
  if (verdict === undefined) return "dropped";
  const { stage, reason, value, detail, survivor } = verdict;
  const measured = value === undefined ? "" : ` (${value})`;
  const stayed = survivor && `, ${survivor.address}${survivor.id === undefined ? "" : ` (${survivor.id})`} stayed`;
  return `${stage}: ${reason}${measured}${detail === undefined ? "" : ` ${JSON.stringify(detail)}`}${stayed ?? ""}`;
}

export function problemText({ address, byte, kind, message }: PeekedProblem): string {
  const at = byte === undefined ? "" : ` (byte ${formatInteger(byte)})`;
  return printableLine(`${address}${at}  ${kind}: ${message}`);
}

export function windowText(peeked: PeekedWindow, limit: number): string {
  const { file, training_stage, window, documents, padding_tokens, text } = peeked;
  const place = training_stage === undefined ? `window ${window}` : `packed row ${window} of ${training_stage}`;
  const head = `${file} ${place}: ${counted(documents, "document")}, ${formatInteger(padding_tokens)} padding`;
  return `── ${printableLine(head)}\n${shortened(text, limit)}\n`;
}
