/** The recipe `shardmill new` writes: small enough to read, complete enough to run once `from:` is right. */
import { existsSync } from "node:fs";
import { basename, dirname, relative, resolve, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { RecipeError } from "../../batch/errors.ts";
import { packageFile } from "../../io/built-file.ts";
import { commitBytes } from "../../io/local/commit.ts";
import { badName } from "./issues.ts";
import { NAME_PATTERN } from "./shapes.ts";

/** The JSON Schema that ships with the package: editors complete and check by it. */
const SCHEMA = fileURLToPath(packageFile("docs/recipe.schema.json"));

/** Writes a recipe called `name` (a name or a path ending in .yaml) and returns its path. Never overwrites. Throws RecipeError. */
export async function newRecipe(name: string, options: { readonly from: string }): Promise<string> {
  const path = /\.ya?ml$/.test(name) ? name : `${name}.yaml`;
  const runName = basename(path).replace(/\.ya?ml$/, "");
  if (!NAME_PATTERN.test(runName)) {
    const { path: _path, part: _part, ...details } = badName([], runName, "value");
    throw new RecipeError(details);
  }
  if (existsSync(path)) {
    throw new RecipeError({
      code: "recipe/exists",
      what: `${path} is already there`,
      fix: "choose another name, or delete it first",
    });
  }
  commitBytes(path, Buffer.from(template(runName, options.from, schemaFrom(dirname(path)))));
  return path;
}

/** Where the schema lies, from a folder. */
function schemaFrom(folder: string): string {
  return relative(resolve(folder), SCHEMA).split(sep).join("/");
}

function template(name: string, from: string, schema: string): string {
  return `# yaml-language-server: $schema=${schema}
# What a run should build. Everything here can change output bytes; workers, memory and folders are flags.
# Check it with \`shardmill check\`, see what it will do with \`shardmill plan\`, do it with \`shardmill run\`.
schema: 1
name: ${JSON.stringify(name)}
seed: 1

# Any BPE or Unigram tokenizer.json ({ file: ./tokenizer.json }), SentencePiece ones too, one of a model of the Hub ({ hub: ORG/NAME@REVISION }),
# or a tiktoken encoding. The EOS is looked up before any text is read.
tokenizer: { encoding: cl100k_base, eos: "<|endoftext|>" }

# A pipeline is a list of stages; \`shardmill stages\` lists them, \`shardmill stages show NAME\` explains one.
pipelines:
  web:
    - { use: filter/gopher-quality }
    - { use: filter/gopher-repetition }
    - { use: filter/fineweb-quality }
    - { use: dedup/exact }
    - { use: dedup/minhash }

# A source is a named set of files: paths, globs, https://, s3:// or hf://datasets/ORG/NAME@REVISION/GLOB.
sources:
  web: { from: ${JSON.stringify(from)}, text: text, pipeline: web, category: web }

# A training stage has a budget in tokens and a share of it for each source.
training_stages:
  - { name: stage1, tokens: 1M, sequence_length: 2048, pack: best-fit, weights: { web: 1 } }

limits: { max_epochs: 4 }
exports: [nanotron]
`;
}
