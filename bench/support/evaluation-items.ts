/**
 * Items of evaluation sets as harnesses print them: question, answer, passage, and the whole prompt.
 *
 * Reads the forms that the samples beside the repository have: MosaicML's evaluation files, HumanEval, GSM8K. Items of a suite with the same question and passage come once.
 */
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { gunzipSync } from "node:zlib";

export interface EvaluationItem {
  readonly suite: string;
  /** Position in its file. */
  readonly row: number;
  readonly question: string;
  readonly answer: string;
  readonly passage: string;
  /** With choices and passage. */
  readonly prompt: string;
}

type Row = Readonly<Record<string, unknown>>;
type Parts = Omit<EvaluationItem, "suite" | "row">;

const text = (value: unknown): string => (typeof value === "string" ? value : "");

/** Items of every `*.jsonl.gz` of a folder, by name of the file. */
export function readEvaluationItems(folder: string): EvaluationItem[] {
  const seen = new Set<string>();
  const items: EvaluationItem[] = [];
  for (const file of readdirSync(folder).sort()) {
    if (!file.endsWith(".jsonl.gz")) continue;
    const suite = file.slice(0, -".jsonl.gz".length).replace("llm-foundry-", "");
    const lines = gunzipSync(readFileSync(path.join(folder, file)))
      .toString("utf8")
      .split("\n");
    lines.forEach((line, row) => {
      if (line === "") return;
      const parts = partsOf(suite, JSON.parse(line) as Row);
      const key = [suite, parts.question, parts.passage].join("\n").toLowerCase().replace(/\W+/g, " ");
      if (!seen.has(key)) items.push({ suite, row, ...parts });
      seen.add(key);
    });
  }
  return items;
}

function partsOf(suite: string, row: Row): Parts {
  const plain = (question: string, answer: string, prompt = `Question: ${question}\nAnswer: ${answer}`): Parts => ({
    question,
    answer,
    passage: "",
    prompt,
  });
  if (row.prompt !== undefined)
    return plain(text(row.prompt), text(row.canonical_solution), `${text(row.prompt)}${text(row.canonical_solution)}`);
  if (suite === "gsm8k-test") return plain(text(row.question), text(row.answer).replace(/<<.*?>>/g, ""));
  if (suite === "math") return plain(text(row.context), text(row.chain_of_thought));
  if (suite === "lambada_openai")
    return plain(text(row.context), text(row.continuation), `${text(row.context)} ${text(row.continuation)}`);
  if (row.context_options !== undefined) {
    const options = row.context_options as readonly string[];
    const filled = `${options[Number(row.gold)]} ${text(row.continuation)}`;
    return plain(filled, "", filled);
  }
  if (row.context !== undefined)
    return plain(
      text(row.context)
        .replace(/^Question: /, "")
        .replace(/\nAnswer:$/, ""),
      text(row.answer),
    );
  return chosen(suite, text(row.query), row.choices as readonly string[], Number(row.gold));
}

/** A question with choices, which stand in the prompt behind letters or only in the list. */
function chosen(suite: string, query: string, choices: readonly string[], gold: number): Parts {
  const lettered = /\nChoices:\n([\s\S]*?)(?:\nAnswer:|$)/.exec(query)?.[1]?.split("\n");
  const answer = lettered === undefined ? choices[gold] : lettered[gold].replace(/^[A-E]\. /, "");
  const list = choices.map((choice, i) => `${"ABCDE"[i]}. ${choice}`).join("\n");
  const prompt = lettered === undefined ? `${query}\n${list}\nAnswer: ${answer}` : `${query} ${answer}`;
  const parts = /^(?:Passage|Context): ([\s\S]*?)\nQuestion: ([\s\S]*?)(?:\n(?:Choices:[\s\S]*|Answer:?))?\s*$/.exec(
    query,
  );
  if (parts === null) {
    const question = query
      .replace(/^Question: /, "")
      .replace(/\nChoices:[\s\S]*$/, "")
      .trim();
    return { question, answer, passage: "", prompt };
  }
  const [, before = "", asked = ""] = parts;
  // The context of Social IQa is part of what is asked.
  return suite === "siqa"
    ? { question: `${before} ${asked}`, answer, passage: "", prompt }
    : { question: asked, answer, passage: before, prompt };
}
