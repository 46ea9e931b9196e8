/**
 * The runtime of ONNX models: `onnxruntime-node` or `onnxruntime-web`, whichever is installed beside this package or in the folder where the command runs.
 *
 * It is large and most people need none, so it is an optional peer: loaded when a stage first needs it. Invariant: one thread a session and plain execution, so equal input gives equal
 * output on a machine; other processors may differ in last bits. Price: loading, some 100 ms and 50 MB.
 */
import { createRequire } from "node:module";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { DataError, RunError } from "../batch/errors.ts";

/** In the order of preference: native code is several times as fast. */
export const ONNX_PACKAGES = ["onnxruntime-node", "onnxruntime-web"] as const;

export interface OnnxSession {
  readonly inputNames: readonly string[];
  readonly outputNames: readonly string[];
  /** Runs the model on matrices of integers, `rows` by `columns`; returns the floats of `output`. */
  readonly run: (
    inputs: ReadonlyMap<string, Int32Array>,
    rows: number,
    columns: number,
    output: string,
  ) => Promise<Float32Array>;
}

/** What is used of the packages, which are alike. */
interface Tensor {
  readonly type: string;
  readonly data: unknown;
}
interface Package {
  readonly env: { readonly wasm: { numThreads?: number } };
  readonly Tensor: new (type: string, data: BigInt64Array, dims: readonly number[]) => Tensor;
  readonly InferenceSession: {
    readonly create: (
      model: Uint8Array,
      options: object,
    ) => Promise<{
      readonly inputNames: readonly string[];
      readonly outputNames: readonly string[];
      readonly run: (
        feeds: Readonly<Record<string, Tensor>>,
        fetches: readonly string[],
      ) => Promise<Record<string, Tensor>>;
    }>;
  };
}

/** Where a runtime is installed, undefined where none is. */
export function findOnnxRuntime(folder = process.cwd()): string | undefined {
  for (const name of ONNX_PACKAGES) {
    for (const from of [import.meta.url, path.join(folder, "from-here.js")]) {
      try {
        return createRequire(from).resolve(name);
      } catch {
        // Not there: the next place is asked.
      }
    }
  }
  return undefined;
}

/** Opens a model. Throws RunError `run/no-onnx-runtime`, DataError `data/onnx-model`. */
export async function openOnnx(name: string, model: Uint8Array): Promise<OnnxSession> {
  const { InferenceSession, Tensor, env } = await load();
  env.wasm.numThreads = 1;
  const options = {
    executionProviders: ["cpu"],
    intraOpNumThreads: 1,
    interOpNumThreads: 1,
    executionMode: "sequential",
  };
  // A copy: memory that threads share is refused.
  const session = await InferenceSession.create(Uint8Array.from(model), options).catch((error: unknown) => {
    throw new DataError(
      {
        code: "data/onnx-model",
        what: `${name} cannot be opened as an ONNX model: ${error instanceof Error ? error.message : String(error)}`,
        fix: "export the model to one file, without external data",
      },
      { cause: error },
    );
  });
  return {
    inputNames: session.inputNames,
    outputNames: session.outputNames,
    run: async (inputs, rows, columns, output) => {
      const feeds: Record<string, Tensor> = {};
      for (const [input, values] of inputs) feeds[input] = new Tensor("int64", int64(values), [rows, columns]);
      const made = (await session.run(feeds, [output]))[output];
      if (made?.data instanceof Float32Array) return made.data;
      throw new DataError({
        code: "data/onnx-output",
        what: `output ${output} of ${name} is ${made === undefined ? "not there" : `of ${made.type}`}, and floats are needed`,
        fix: "export the model with an output of 32-bit floats",
      });
    },
  };
}

/** 64 bits of values that are not negative, without a BigInt for each. */
function int64(values: Int32Array): BigInt64Array {
  const words = new Int32Array(2 * values.length);
  for (let i = 0; i < values.length; i++) words[2 * i] = values[i] ?? 0;
  return new BigInt64Array(words.buffer);
}

let loaded: Promise<Package> | undefined;

function load(): Promise<Package> {
  const file = findOnnxRuntime();
  if (file === undefined) {
    throw new RunError({
      code: "run/no-onnx-runtime",
      what: "no runtime of ONNX models is installed",
      why: "it is large and few need it, so it does not come with this package",
      fix: `run \`npm install ${ONNX_PACKAGES[0]}\` in the folder where you run this, or \`${ONNX_PACKAGES[1]}\` where there is no build for your machine`,
    });
  }
  loaded ??= import(pathToFileURL(file).href).then((module: { readonly default?: unknown }) => {
    const found: unknown = "InferenceSession" in module ? module : module.default;
    return found as Package;
  });
  return loaded;
}
