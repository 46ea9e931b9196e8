/** Runs what chooses between WebAssembly and its TypeScript twin when it is made: with the twin. */
export function withoutWasm<Result>(run: () => Result): Result {
  const before = process.env.SHARDMILL_WASM;
  process.env.SHARDMILL_WASM = "off";
  try {
    return run();
  } finally {
    if (before === undefined) delete process.env.SHARDMILL_WASM;
    else process.env.SHARDMILL_WASM = before;
  }
}
