/** The recipe `shardmill new` writes: small enough to read, complete enough to run once `from:` is right. */

import { existsSync } from "node:fs";
import { basename } from "node:path";
import { RecipeError } from "../../batch/errors.ts";
import { commitBytes } from "../../io/local/commit.ts";

/** Writes a recipe called `name` (a name or a path ending in .yaml) and returns its path. Never overwrites. */
export async function newRecipe(name: string, options: { readonly from: string }): Promise<string> {
  const path = /\.ya?ml$/.test(name) ? name : `${name}.yaml`;
  if (existsSync(path)) {
    throw new RecipeError({
      code: "recipe/exists",
      what: `${path} is already there`,
      fix: "choose another name, or delete it first",
    });
  }
  commitBytes(path, Buffer.from(template(basename(path).replace(/\.ya?ml$/, ""), options.from)));
  return path;
}

function template(name: string, from: string): string {
  return `# What a run should build. Everything here can change output bytes; workers, memory and folders are flags.
# Check it with \`shardmill check\`, see what it will do with \`shardmill plan\`, do it with \`shardmill run\`.
schema: 1
name: ${name}
seed: 1

# Any BPE tokenizer.json ({ file: ./tokenizer.json }), SentencePiece ones too, or a tiktoken encoding. The EOS is looked up before any text is read.
tokenizer: { encoding: cl100k_base, eos: "<|endoftext|>" }

# A pipeline is a list of stages; \`shardmill stages\` lists them, \`shardmill stages show NAME\` explains one.
pipelines:
  web:
    - { use: filter/gopher-quality }
    - { use: filter/gopher-repetition }
    - { use: filter/fineweb-quality }
    - { use: dedup/exact }
    - { use: dedup/minhash }

# A source is a named set of files: paths, globs, https:// or hf://datasets/ORG/NAME@REVISION/GLOB.
sources:
  web: { from: ${JSON.stringify(from)}, text: text, pipeline: web, category: web }

# A training stage has a budget in tokens and a share of it for each source.
training_stages:
  - { name: stage1, tokens: 1M, sequence_length: 2048, pack: best-fit, weights: { web: 1 } }

limits: { max_epochs: 4 }
exports: [nanotron]
`;
}
