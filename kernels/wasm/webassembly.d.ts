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
    /** Of a shared memory it is a SharedArrayBuffer, which typed arrays take all the same. */
    readonly buffer: ArrayBuffer;
    constructor(descriptor: { initial: number; maximum?: number; shared?: boolean });
    grow(pages: number): number;
  }
  function validate(bytes: Uint8Array): boolean;
}
