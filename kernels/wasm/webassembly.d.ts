/** The part of the WebAssembly API that kernels use; TypeScript only ships it with the DOM's types. */
declare namespace WebAssembly {
  class Module {
    constructor(bytes: Uint8Array);
  }
  class Instance {
    readonly exports: Record<string, unknown>;
    constructor(module: Module, imports?: Record<string, Record<string, unknown>>);
  }
  class Memory {
    readonly buffer: ArrayBuffer;
    constructor(descriptor: { initial: number; maximum?: number });
    grow(pages: number): number;
  }
  function validate(bytes: Uint8Array): boolean;
}
