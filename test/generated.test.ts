/** Generated files are committed; these tests fail where `npm run gen` would change one. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { generatedPages } from "../cli/generate.ts";
import { EXPORTERS, TRAINERS } from "../manifests/exports/registry.ts";
import {
  exporterNames,
  exporterRegistrySource,
  generatedDocs,
  loadersSource,
  registrySource,
  stageNames,
} from "../plan/generate.ts";
import { toJsonSchema } from "../plan/recipe/json-schema.ts";
import { declarationOf } from "../stages/define.ts";
import { stageRegistry } from "../stages/registry.ts";
import { ROOT } from "./project-root.ts";

const STALE = "stale: run `npm run gen`";

test("the registry has every stage file, each under its path", () => {
  const names = stageNames(ROOT);
  assert.equal(readFileSync(join(ROOT, "stages/registry.gen.ts"), "utf8"), registrySource(names), STALE);
  assert.equal(readFileSync(join(ROOT, "stages/loaders.gen.ts"), "utf8"), loadersSource(names), STALE);
  assert.deepEqual(stageRegistry().names, names);
});

test("the registry has every exporter file, each under its name", () => {
  const names = exporterNames(ROOT);
  const source = readFileSync(join(ROOT, "manifests/exports/registry.gen.ts"), "utf8");
  assert.equal(source, exporterRegistrySource(names), STALE);
  assert.deepEqual(TRAINERS, names);
  for (const [name, exporter] of Object.entries(EXPORTERS)) assert.equal(exporter.name, name);
});

test("every option of every exporter is described and may be left out", () => {
  for (const { name, options } of Object.values(EXPORTERS)) {
    assert.ok(options.safeParse({}).success, name);
    for (const [key, schema] of Object.entries(toJsonSchema(options).properties ?? {})) {
      assert.notEqual(schema.description ?? "", "", `${name} ${key}`);
    }
  }
});

test("the JSON Schema and the reference follow from the definitions", () => {
  for (const [path, content] of generatedDocs(stageRegistry().stages, Object.values(EXPORTERS))) {
    assert.equal(readFileSync(join(ROOT, path), "utf8"), content, `${path} is ${STALE}`);
  }
});

test("the pages of errors and of flags follow from the sources and the command line", async () => {
  const pages = await generatedPages(ROOT);
  for (const [path, content] of pages) {
    assert.equal(readFileSync(join(ROOT, path), "utf8"), content, `${path} is ${STALE}`);
  }
  const errors = pages.get("docs/reference/errors.md") ?? "";
  for (const code of ["recipe/unknown-key", "data/truncated-gzip", "run/owned", "verify/epochs", "flag/no-outputs"]) {
    assert.match(errors, new RegExp(`^### \`${code}\`\n\n- .{10}`, "m"));
  }
});

test("every option of every stage is described, and all but required ones have a default", () => {
  const bare = stageRegistry().stages.flatMap((stage) =>
    Object.entries(toJsonSchema(stage.options).properties ?? {})
      .filter(([, schema]) => (schema.description ?? "") === "")
      .map(([key]) => `${stage.name} ${key}`),
  );
  assert.deepEqual(bare, []);
});

test("every reason a stage's examples name is declared, and every declared reason is explained", () => {
  for (const stage of stageRegistry().stages) {
    for (const example of stage.examples) {
      const { reasons } = declarationOf(stage, stage.options.parse(example.options ?? {}));
      if ("drops" in example) assert.ok(Object.hasOwn(reasons, example.drops), `${stage.name}: ${example.drops}`);
      for (const [reason, meaning] of Object.entries(reasons)) assert.notEqual(meaning, "", `${stage.name}: ${reason}`);
    }
  }
});
