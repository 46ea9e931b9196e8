/**
 * Judges conversations by the language of each turn.
 *
 * Which languages data sets keep, and by which rule, was published nowhere: here every turn that is judged must be in one of `languages`. A turn is judged by its
 * content alone, without reasoning and calls. Invariant: labels and scores are those of fastText's own code. Price: 50 to 100 ns a word; the model once for
 * all threads.
 */
import { z } from "zod";
import type { Classifier } from "../../kernels/fasttext/classifier.ts";
import type { JsonValue } from "../../kernels/json/value.ts";
import { type Assets, assetPath, defineStage } from "../define.ts";
import { checkLabels, fasttextTables, labelPositions, openFasttext } from "../fasttext-model.ts";
import { BAD_MESSAGES, contentOf, conversationTransform, Fault, type Message, roleOf } from "./conversation.ts";
import { addCounts, Tally } from "./counts.ts";

const options = z.strictObject({
  model: assetPath().describe("fastText model of languages, such as lid.176.ftz or GlotLID's"),
  languages: z
    .array(z.string().min(1))
    .min(1)
    .describe("labels of the model that stay, with or without `__label__`: `en`, or `eng_Latn` for GlotLID"),
  roles: z.array(z.string().min(1)).min(1).default(["user", "assistant"]).describe("whose turns are judged"),
  turns: z
    .enum(["all", "any"])
    .default("all")
    .describe("how many of the judged turns must be in one of `languages`: `all`, or `any` one"),
  min_score: z
    .number()
    .nullable()
    .default(null)
    .describe(
      "a turn whose score is below counts as one in another language; null: the best label decides, whatever its score",
    ),
  min_chars: z
    .int()
    .min(0)
    .default(20)
    .describe("turns of fewer characters are not judged, for a model guesses there; a row without a judged turn stays"),
  languages_column: z
    .string()
    .min(1)
    .nullable()
    .default("turn_languages")
    .describe("column of JSON for the language of each turn, null where it was not judged; null: none"),
});
type Options = z.output<typeof options>;

const REASONS = { ...BAD_MESSAGES, other_language: "a turn is in none of languages, or with `turns: any` each one is" };

/** What was found out about a turn. */
interface Judged {
  readonly language: string;
  readonly score: number;
  readonly isKept: boolean;
}

class TurnJudge {
  readonly #labels: readonly string[];
  readonly #classifier: Classifier;
  readonly #options: Options;
  readonly #kept: ReadonlySet<number>;

  constructor(options: Options, assets: Assets) {
    this.#options = options;
    const { labels, classifier } = openFasttext(assets, options.model);
    this.#labels = labels;
    this.#classifier = classifier({ newlines: "space", bounds: options.min_score === null ? [] : [options.min_score] });
    this.#kept = new Set(labelPositions(options.languages, labels, assets.name(options.model)));
  }

  /** Undefined where the turn is not judged. */
  judge(message: Message): Judged | undefined {
    const { roles, min_chars, min_score } = this.#options;
    if (!roles.includes(roleOf(message))) return undefined;
    const content = contentOf(message);
    // UTF-16 units are characters or more of them, so most texts need no count.
    if (content.length < min_chars || (content.length < 2 * min_chars && [...content].length < min_chars))
      return undefined;
    const bytes = Buffer.from(content, "utf8");
    if (!this.#classifier.judge(bytes, 0, bytes.length)) return undefined;
    const { label, score } = this.#classifier;
    const isKept = this.#kept.has(label) && (min_score === null || score >= min_score);
    return { language: this.#labels[label] ?? "", score, isKept };
  }
}

export default defineStage({
  name: "chat/language",
  version: 2,
  kind: "transform",
  summary: "Keeps conversations whose turns are in given languages.",
  reference: "Joulin et al. 2016, 2017; fastText 0.9.2",
  options,
  tables: ({ model }) => fasttextTables(model),
  checkAssets: ({ model, languages }, files) => checkLabels(files, model, languages),
  reads: ["messages"],
  writes: ({ languages_column }) =>
    languages_column === null ? [] : [{ name: languages_column, kind: "json" as const }],
  reasons: REASONS,
  create: (given, { assets }) => {
    const { turns, languages_column } = given;
    const tally = new Tally(["rows", "rows_not_judged", "rows_in_other_languages"]);
    let opened: TurnJudge | undefined;
    const columns = languages_column === null ? [] : [{ name: languages_column, kind: "json" as const }];
    return conversationTransform<"other_language">(
      columns,
      () => {
        opened ??= new TurnJudge(given, assets);
        const judge = opened;
        return (messages) => {
          tally.add("rows");
          const judged = messages.map((message) => judge.judge(message));
          for (const turn of judged) if (turn !== undefined) tally.addTo("turns", turn.language);
          const other = judged.findIndex((turn) => turn !== undefined && !turn.isKept);
          const isKept = judged.some((turn) => turn?.isKept);
          const turn = judged[other];
          if (turn !== undefined && (turns === "all" || !isKept)) {
            tally.add("rows_in_other_languages");
            return new Fault(
              "other_language",
              `${turn.language} (${turn.score.toFixed(3)}) in turn ${other}`,
              turn.score,
            );
          }
          if (!isKept) tally.add("rows_not_judged");
          const languages: readonly JsonValue[] = judged.map((found) => found?.language ?? null);
          return languages_column === null ? {} : { [languages_column]: languages };
        };
      },
      tally.finish,
    );
  },
  merge: addCounts,
  examples: [
    {
      columns: {
        messages:
          '[{"role":"user","content":"Hi!"},{"role":"assistant","content":"Everyone has the right to life, liberty and security of person."}]',
      },
      options: { model: "test/golden/fasttext/hs-quantized.ftz", languages: ["en"] },
      writes: { turn_languages: '[null,"en"]' },
    },
    {
      columns: {
        messages:
          '[{"role":"user","content":"Everyone has the right to life."},{"role":"assistant","content":"Jeder hat das Recht auf Leben, Freiheit und Sicherheit der Person."}]',
      },
      options: { model: "test/golden/fasttext/hs-quantized.ftz", languages: ["en", "fr"] },
      drops: "other_language",
    },
  ],
});
