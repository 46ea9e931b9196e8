/** The fastest search for n-grams that this runtime has: WebAssembly, or its twin where there is none, or no memory left for a thread. */
import type { GramScan, GramTable } from "../../kernels/decontamination/gram-table.ts";
import { WasmGramScan } from "../../kernels/wasm/decontamination.ts";

export function scanOf(table: GramTable, memory: WebAssembly.Memory, module: WebAssembly.Module | undefined): GramScan {
  if (module === undefined) return table;
  try {
    return new WasmGramScan(module, memory, table);
  } catch (error) {
    if (error instanceof RangeError) return table;
    throw error;
  }
}
