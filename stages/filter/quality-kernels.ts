/**
 * Picks the kernels of the quality stages: WebAssembly where it runs, plain TypeScript where it does not or a document is too long.
 *
 * Invariant: which of the two it is changes no number and no byte. Price: an instance a stage.
 */
import { wasmModule } from "../../io/wasm.ts";
import { type C4DocumentRules, type C4LineJudge, type C4LineRules, C4Lines } from "../../kernels/quality/c4.ts";
import { PlainQualityDocument, type QualityDocument } from "../../kernels/quality/document.ts";
import { WasmQualityDocument } from "../../kernels/wasm/quality.ts";
import { WasmC4Lines } from "../../kernels/wasm/quality-c4.ts";
import { MAX_WASM_BYTES } from "../../kernels/wasm/quality-instance.ts";

/** Opens `bytes[start, end)`. One document at a time: the next one closes it. */
export type OpenDocument = (bytes: Uint8Array, start: number, end: number) => QualityDocument;

export function documentOpener(): OpenDocument {
  const module = wasmModule("quality");
  const plain = new PlainQualityDocument();
  const fast = module === undefined ? plain : new WasmQualityDocument(module);
  return (bytes, start, end) => {
    const document = end - start > MAX_WASM_BYTES ? plain : fast;
    document.open(bytes, start, end);
    return document;
  };
}

export function c4LineJudge(rules: C4LineRules, documentRules: C4DocumentRules): C4LineJudge {
  const module = wasmModule("quality");
  return module === undefined ? new C4Lines(rules, documentRules) : new WasmC4Lines(module, rules, documentRules);
}
