/**
 * The recipe's JSON Schema, for editors: the zod shapes, with every stage's options put where a recipe writes them.
 *
 * Invariant: a recipe that loads is valid under it. The reverse does not hold: names that refer to each other and the reader a file
 * ending asks for are checked only when a recipe is loaded.
 */
import { z } from "zod";
import { entryOf } from "../../batch/entry.ts";
import type { Exporter } from "../../manifests/exports/define.ts";
import { EXPORTERS } from "../../manifests/exports/registry.ts";
import {
  isPipelineKind,
  kindsOf,
  type OperatorKind,
  type PackProduct,
  packsOf,
  type StageDefinition,
} from "../../stages/define.ts";
import { recipeShape, sourceShape } from "./schema.ts";
import { stageUseShape } from "./shapes.ts";

/** The part of JSON Schema that zod writes and this project reads. */
export interface JsonSchema {
  readonly $schema?: string;
  /** Where a schema holds itself: always a mapping here. */
  readonly $ref?: string;
  readonly title?: string;
  readonly description?: string;
  /** Several where a value may be of any of them. */
  readonly type?: string | readonly string[];
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly default?: unknown;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly exclusiveMinimum?: number;
  readonly exclusiveMaximum?: number;
  readonly anyOf?: readonly JsonSchema[];
  readonly items?: JsonSchema | readonly JsonSchema[];
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: boolean | JsonSchema;
  readonly propertyNames?: JsonSchema;
}

/** JSON Schema (draft 7, which editors know best) of what is written, before defaults are filled in. */
export function toJsonSchema(schema: z.ZodType): JsonSchema {
  const { $schema: _, ...plain } = z.toJSONSchema(schema, { io: "input", target: "draft-7", unrepresentable: "any" });
  const { definitions = {}, ...rest } = JSON.parse(JSON.stringify(plain, withoutSafeBounds)) as JsonSchema & {
    readonly definitions?: Readonly<Record<string, JsonSchema>>;
  };
  // A schema of any JSON refers to itself by name, and the names of stages' schemas would meet in the recipe's: any JSON is no bound at all.
  const names = Object.keys(definitions).filter((name) => isAnyJson(definitions[name]));
  const anything = new Set(names.map((name) => `#/definitions/${name}`));
  const kept = Object.entries(definitions).filter(([name]) => !names.includes(name));
  const whole = { ...rest, ...(kept.length > 0 && { definitions: Object.fromEntries(kept) }) };
  return JSON.parse(
    JSON.stringify(whole, (_key, value: unknown) => {
      const isReference = typeof value === "object" && value !== null && "$ref" in value;
      return isReference && anything.has(String(value.$ref)) ? {} : value;
    }),
  ) as JsonSchema;
}

/** Whether it is what zod makes of `z.json()`. */
function isAnyJson({ anyOf = [] }: JsonSchema = {}): boolean {
  return anyOf.map(({ type }) => type).join() === "string,number,boolean,null,array,object";
}

/** zod writes the bounds of safe integers where a schema has none: true of every number here, and noise. */
function withoutSafeBounds(key: string, value: unknown): unknown {
  if (key === "maximum" && value === Number.MAX_SAFE_INTEGER) return undefined;
  if (key === "minimum" && value === Number.MIN_SAFE_INTEGER) return undefined;
  return value;
}

/** The schema of a whole recipe that may name `stages` and export for the trainers of `exporters`. */
export function recipeJsonSchema(
  stages: readonly StageDefinition[],
  exporters: readonly Exporter[] = Object.values(EXPORTERS),
): JsonSchema {
  const recipe = toJsonSchema(recipeShape);
  const { pipelines, sources } = recipe.properties ?? {};
  const training_stages = entryOf(recipe.properties ?? {}, "training_stages", "key of a recipe");
  const ofKind = (kind: OperatorKind) => stages.filter((stage) => kindsOf(stage).includes(kind));
  const inPipelines = stages.filter(
    (stage) => kindsOf(stage).every(isPipelineKind) && !stage.name.startsWith("tokenize/"),
  );
  const items = training_stages.items as JsonSchema;
  const [ofTokens, ofRows] = items.anyOf ?? [];
  const packed = (stage: JsonSchema | undefined, product: PackProduct): JsonSchema => {
    const packers = ofKind("pack").filter((packer) => packsOf(packer).includes(product));
    const names = packers.flatMap(({ name }) => [name.slice("pack/".length), name]);
    const anyOf = [{ type: "string", enum: names }, ...packers.map((packer) => stageUseSchema(packer, names))];
    return { ...stage, properties: { ...stage?.properties, pack: { ...stage?.properties?.pack, anyOf } } };
  };
  return {
    $schema: "http://json-schema.org/draft-07/schema#",
    title: "shardmill recipe",
    ...recipe,
    properties: {
      ...recipe.properties,
      pipelines: {
        ...pipelines,
        additionalProperties: { type: "array", items: { anyOf: inPipelines.map((stage) => stageUseSchema(stage)) } },
      },
      sources: { ...sources, additionalProperties: sourceSchema(ofKind("source")) },
      training_stages: {
        ...training_stages,
        items: { anyOf: [packed(ofTokens, "windows"), packed(ofRows, "rows")] },
      },
      exports: {
        ...recipe.properties?.exports,
        items: {
          anyOf: [{ type: "string", enum: exporters.map(({ name }) => name) }, ...exporters.map(exportSchema)],
        },
      },
    },
  };
}

function stageUseSchema(stage: StageDefinition, names: readonly string[] = [stage.name]): JsonSchema {
  const options = toJsonSchema(stage.options);
  const use = toJsonSchema(stageUseShape);
  const own = names.filter((name) => stage.name === name || stage.name.endsWith(`/${name}`));
  return {
    type: "object",
    description: stage.summary,
    properties: {
      use: own.length === 1 ? { const: stage.name } : { enum: own },
      id: use.properties?.id ?? {},
      ...options.properties,
    },
    required: ["use", ...(options.required ?? [])],
    additionalProperties: false,
  };
}

function exportSchema({ name, summary, options }: Exporter): JsonSchema {
  return {
    type: "object",
    description: summary,
    properties: { to: { const: name }, ...toJsonSchema(options).properties },
    required: ["to"],
    additionalProperties: false,
  };
}

/** A source may leave its reader to the file ending, so its keys are those of all readers together. */
function sourceSchema(readers: readonly StageDefinition[]): JsonSchema {
  const source = toJsonSchema(sourceShape);
  const options = new Map<string, JsonSchema[]>();
  for (const reader of readers) {
    for (const [key, schema] of Object.entries(toJsonSchema(reader.options).properties ?? {})) {
      const known = options.get(key) ?? [];
      if (!known.some((other) => JSON.stringify(other) === JSON.stringify(schema))) known.push(schema);
      options.set(key, known);
    }
  }
  const names = readers.flatMap(({ name }) => [name.slice("read/".length), name]);
  const read = { ...source.properties?.read, examples: names };
  const merged = [...options].map(([key, schemas]) => [key, schemas.length === 1 ? schemas[0] : { anyOf: schemas }]);
  return {
    ...source,
    properties: { ...source.properties, read, ...Object.fromEntries(merged) },
    additionalProperties: false,
  };
}
