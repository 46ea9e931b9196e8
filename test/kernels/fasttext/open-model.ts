/** Opens models of fastText for tests, with the plain engine and the fast one. */
import { wasmModule } from "../../../io/wasm.ts";
import { Classifier, type Question } from "../../../kernels/fasttext/classifier.ts";
import type { ForwardPass } from "../../../kernels/fasttext/forward.ts";
import { describeModel } from "../../../kernels/fasttext/model-file.ts";
import { fillTables, type ModelTables, openTables, tablesBytes } from "../../../kernels/fasttext/tables.ts";
import { WasmForwardPass } from "../../../kernels/wasm/fasttext.ts";

const START = 65_536;
const module = wasmModule("fasttext");

export interface OpenTables {
  readonly tables: ModelTables;
  readonly memory: WebAssembly.Memory;
}

export function tablesOf(bytes: Uint8Array, foldBytes?: number): OpenTables {
  const description = describeModel(bytes);
  const pages = Math.ceil((START + tablesBytes(description, foldBytes)) / START);
  const memory = new WebAssembly.Memory({ initial: pages, maximum: 65_536, shared: true });
  const tables = openTables(bytes, description, memory.buffer, START, foldBytes);
  fillTables(tables);
  return { tables, memory };
}

/** The plain engine, and the fast one where it runs. */
export function classifiersOf(
  { tables, memory }: OpenTables,
  question: Partial<Question> = {},
): [Classifier, Classifier?] {
  const plain = new Classifier(tables, { newlines: "end", ...question });
  if (module === undefined) return [plain];
  const makePass = (twin: ForwardPass) => new WasmForwardPass(module, memory, tables, twin);
  return [plain, new Classifier(tables, { newlines: "end", ...question, makePass })];
}

/** Bytes at an address that is `odd` more than a multiple of four. */
export function placed(bytes: Uint8Array, odd: number): Uint8Array {
  const memory = new Uint8Array(bytes.length + odd);
  memory.set(bytes, odd);
  return memory.subarray(odd);
}
