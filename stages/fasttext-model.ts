/**
 * A fastText model that a stage's options name, opened when it is first needed.
 *
 * The file and what is looked up in it are shared by all threads; a thread has its own classifier. Throws DataError `data/fasttext-model` where the file is no classifier.
 */
import { DataError, RecipeError } from "../batch/errors.ts";
import { TABLES_START } from "../io/shared-tables.ts";
import { wasmModule } from "../io/wasm.ts";
import { Classifier, labelsOf, type Question } from "../kernels/fasttext/classifier.ts";
import type { ForwardPass } from "../kernels/fasttext/forward.ts";
import { LabelScan } from "../kernels/fasttext/label-scan.ts";
import { BadModel, describeModel } from "../kernels/fasttext/model-file.ts";
import { fillTables, type ModelTables, openTables, tablesBytes } from "../kernels/fasttext/tables.ts";
import { WasmForwardPass } from "../kernels/wasm/fasttext.ts";
import type { AssetFiles, AssetRef, Assets } from "./assets.ts";

/** What the labels of most models begin with. */
export const LABEL_PREFIX = "__label__";

export interface FasttextModel {
  /** What answers texts, of one thread. */
  readonly classifier: (question: Omit<Question, "makePass">) => Classifier;
  /** As verdicts and columns have them: without the prefix. */
  readonly labels: readonly string[];
}

/** What the tables of a model depend on: all stages that use it share them. */
export function fasttextTables(model: AssetRef): unknown {
  return { fasttext: model };
}

/** Opens the model at once. Input matrices of `foldBytes` and more are folded, where they can be. */
export function openFasttext(
  assets: Assets,
  model: AssetRef,
  { foldBytes }: { readonly foldBytes?: number } = {},
): FasttextModel {
  const name = assets.name(model);
  const bytes = assets.bytes(model);
  return explained(name, () => {
    const description = describeModel(bytes);
    const memory = assets.tables(tablesBytes(description, foldBytes), (buffer, progress) => {
      fillTables(openTables(bytes, description, buffer, TABLES_START, foldBytes), progress);
    });
    const tables = openTables(bytes, description, memory.buffer, TABLES_START, foldBytes);
    const labels = labelsOf(tables).map((label) => withoutPrefix(label));
    const module = wasmModule("fasttext");
    const makePass = module && ((twin: ForwardPass) => wasmPass(module, memory, tables, twin));
    return { classifier: (question) => new Classifier(tables, { ...question, makePass }), labels };
  });
}

export function withoutPrefix(label: string): string {
  return label.startsWith(LABEL_PREFIX) ? label.slice(LABEL_PREFIX.length) : label;
}

/** Whether the model is a classifier that has the labels. Throws RecipeError `recipe/fasttext-model`, `recipe/unknown-label`. */
export async function checkLabels(files: AssetFiles, model: AssetRef, wanted: readonly string[]): Promise<void> {
  const name = files.name(model);
  try {
    labelPositions(wanted, await labelsIn(files.stream(model)), name);
  } catch (error) {
    if (!(error instanceof BadModel)) throw error;
    throw new RecipeError({ code: "recipe/fasttext-model", ...explanation(name, error) }, { cause: error });
  }
}

async function labelsIn(pieces: AsyncIterable<Uint8Array>): Promise<readonly string[]> {
  const scan = new LabelScan();
  for await (const piece of pieces) {
    const labels = scan.push(piece);
    if (labels !== undefined) return labels.map((label) => withoutPrefix(label));
  }
  return scan.end();
}

/** The positions of `wanted` among the labels of a model. Throws RecipeError `recipe/unknown-label` for one that it does not have. */
export function labelPositions(wanted: readonly string[], labels: readonly string[], name: string): number[] {
  return wanted.map((label) => {
    const position = labels.indexOf(withoutPrefix(label));
    if (position >= 0) return position;
    const some = labels.slice(0, 20).join(", ");
    throw new RecipeError({
      code: "recipe/unknown-label",
      what: `${name} has no label ${label}`,
      why: "no text would ever get it",
      fix: `use one of its ${labels.length} labels: ${some}${labels.length > 20 ? ", …" : ""}`,
    });
  });
}

/** In WebAssembly, or as `twin` where its memory has no room left for a thread. */
function wasmPass(
  module: WebAssembly.Module,
  memory: WebAssembly.Memory,
  tables: ModelTables,
  twin: ForwardPass,
): ForwardPass {
  try {
    return new WasmForwardPass(module, memory, tables, twin);
  } catch (error) {
    if (error instanceof RangeError) return twin;
    throw error;
  }
}

function explained<Result>(name: string, open: () => Result): Result {
  try {
    return open();
  } catch (error) {
    if (!(error instanceof BadModel)) throw error;
    throw new DataError({ code: "data/fasttext-model", ...explanation(name, error) }, { cause: error });
  }
}

function explanation(name: string, { message }: BadModel): { readonly what: string; readonly fix: string } {
  return {
    what: `${name} cannot be used as a fastText classifier: ${message}`,
    fix: "use a model that was trained `supervised`, as .bin or .ftz",
  };
}
