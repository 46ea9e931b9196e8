/**
 * What a stage makes of its files, in memory that all threads of a process share: made by whichever thread needs it first.
 *
 * It is the memory of WebAssembly, which grows where it lies and which kernels can work in; threads may take more of it for themselves behind the tables. Invariant:
 * who gets it gets all of it; where the thread that fills it makes no progress for long, another fills it again with the same bytes. Memory: address
 * space when it is reserved, what is needed when it is filled.
 */
import { RunError } from "../batch/errors.ts";
import { fillOnce } from "./asset-memory.ts";

/** Plain data: crosses to a worker as it is, and is the same memory there. */
export interface SharedTables {
  readonly memory: WebAssembly.Memory;
  /** As that of assets. */
  readonly state: SharedArrayBuffer;
}

/** Bytes at the beginning that are nobody's: WebAssembly modules may keep constants there. */
export const TABLES_START = 65_536;
const PAGE_BYTES = 65_536;
const MAX_PAGES = 65_536;

export function reserveTables(): SharedTables {
  return {
    memory: new WebAssembly.Memory({ initial: 1, maximum: MAX_PAGES, shared: true }),
    state: new SharedArrayBuffer(2 * Int32Array.BYTES_PER_ELEMENT),
  };
}

/**
 * Room for `size_bytes` from {@link TABLES_START} on, which `fill` fills where nobody has, calling its second argument now and then. `name` is for messages. Throws RunError
 * `run/asset-too-large`.
 */
export function filledTables(
  { memory, state }: SharedTables,
  name: string,
  size_bytes: number,
  fill: (buffer: ArrayBufferLike, progress: () => void) => void,
): WebAssembly.Memory {
  fillOnce(state, (progress) => {
    const missing = TABLES_START + size_bytes - memory.buffer.byteLength;
    try {
      if (missing > 0) memory.grow(Math.ceil(missing / PAGE_BYTES));
    } catch (error) {
      throw new RunError(
        {
          code: "run/asset-too-large",
          what: `what is looked up in ${name} needs ${size_bytes} bytes, which do not fit in one piece of memory`,
          why: "all threads share it, and it may have 4 GiB",
          fix: "use a smaller file, such as a quantized model, or a machine with more memory",
        },
        { cause: error },
      );
    }
    fill(memory.buffer, progress);
  });
  return memory;
}
