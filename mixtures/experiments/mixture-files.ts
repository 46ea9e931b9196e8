/**
 * One mixture in the files of those who search or train with it: RegMix's YAML, DoReMi's JSON, Megatron's blend, olmix's variants.
 *
 * Invariant: weights that are read are above or at 0 and keep the file's sum; those that are written are as they were given, RegMix's with its five
 * decimals. Price: microseconds.
 */
import { parse as parseYaml, stringify } from "yaml";
import { z } from "zod";
import { DataError } from "../../batch/errors.ts";

/** Share of tokens by source. */
export type Weights = Readonly<Record<string, number>>;

export const MIXTURE_FORMS = ["regmix", "doremi", "megatron", "olmix"] as const;
export type MixtureForm = (typeof MIXTURE_FORMS)[number];

const weights = z.record(z.string(), z.number().nonnegative());
const regmixShape = z.looseObject({ train: weights });
const doremiShape = z.looseObject({ train_domain_weights: weights });
/** Leaves may be nested: source, topic, quality. */
type OlmixNode = { readonly weight?: number | undefined; readonly [topic: string]: unknown };
const olmixShape = z.looseObject({
  mix: z.record(z.string(), z.looseObject({ weight: z.number().nonnegative().optional() })),
});

/** A mixture file of any of the forms; undefined where it is none of them. */
export function parseMixture(text: string): { readonly form: MixtureForm; readonly weights: Weights } | undefined {
  const blend = parseBlend(text);
  if (blend !== undefined) return { form: "megatron", weights: blend };
  let value: unknown;
  try {
    value = parseYaml(text);
  } catch {
    return undefined;
  }
  const regmix = regmixShape.safeParse(value);
  if (regmix.success) return { form: "regmix", weights: regmix.data.train };
  const doremi = doremiShape.safeParse(value);
  if (doremi.success) return { form: "doremi", weights: doremi.data.train_domain_weights };
  const olmix = olmixShape.safeParse(value);
  if (olmix.success) return { form: "olmix", weights: Object.fromEntries(olmixLeaves(olmix.data.mix, "", 1)) };
  return undefined;
}

/** `weight prefix weight prefix …`, on one line or many: weights are numbers and prefixes are not. */
function parseBlend(text: string): Weights | undefined {
  const words = text.split(/\s+/).filter((word) => word !== "");
  if (words.length === 0 || words.length % 2 !== 0) return undefined;
  const found: Record<string, number> = {};
  for (let i = 0; i < words.length; i += 2) {
    const [weight = Number.NaN, prefix = ""] = [Number(words[i]), words[i + 1]];
    if (!(weight >= 0) || !Number.isNaN(Number(prefix)) || prefix === "") return undefined;
    found[prefix] = (Object.hasOwn(found, prefix) ? (found[prefix] ?? 0) : 0) + weight;
  }
  return found;
}

/** Inner weights are shares of what the outer one gets. */
function olmixLeaves(nodes: Readonly<Record<string, OlmixNode>>, path: string, scale: number): [string, number][] {
  return Object.entries(nodes).flatMap(([name, { weight = 1, repetition_factor: _factor, ...topics }]) => {
    const leaf = path === "" ? name : `${path}:${name}`;
    const inner = Object.entries(topics).filter((entry): entry is [string, OlmixNode] => isNode(entry[1]));
    if (inner.length === 0) return [[leaf, weight * scale] as [string, number]];
    return olmixLeaves(Object.fromEntries(inner), leaf, weight * scale);
  });
}

function isNode(value: unknown): value is OlmixNode {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

export interface MixtureFileOptions {
  /** What a trainer finds a source by: Megatron's path without `.bin`. The source's name where not given. */
  readonly prefixOf?: (source: string) => string;
  /** Sources whose held-out text is looked at; all where not given. */
  readonly valid?: readonly string[];
  /** Further keys of RegMix's file: `seed`, `temperature`, `minimum` and the model's. */
  readonly settings?: Readonly<Record<string, string | number>>;
  /** Times a source may be read, by source, for olmix. */
  readonly repetition_factors?: Readonly<Record<string, number>>;
}

/** A mixture as the file of `form`. Throws DataError `mix/no-weight` where no source has any. */
export function mixtureFile(form: MixtureForm, mixture: Weights, options: MixtureFileOptions = {}): string {
  if (!Object.values(mixture).some((weight) => weight > 0)) {
    throw new DataError({ code: "mix/no-weight", what: "no source of the mixture has a weight" });
  }
  const sources = Object.keys(mixture);
  const valid = Object.fromEntries((options.valid ?? sources).map((source) => [source, 1]));
  switch (form) {
    case "regmix": {
      const train = Object.fromEntries(
        Object.entries(mixture).map(([source, weight]) => [source, Number(weight.toFixed(5))]),
      );
      return stringify({ train, valid, ...options.settings });
    }
    case "doremi": {
      // DoReMi numbers domains by name.
      const train_domain_weights = Object.fromEntries(sortedEntries(mixture));
      return `${JSON.stringify({ train_domain_weights, eval_domain_weights: Object.fromEntries(sortedEntries(valid)) }, null, 2)}\n`;
    }
    case "megatron": {
      const { prefixOf = (source) => source } = options;
      const read = Object.entries(mixture).filter(([, weight]) => weight > 0);
      return read.map(([source, weight]) => `${weight} ${prefixOf(source)}\n`).join("");
    }
    case "olmix":
      return stringify({
        mix: Object.fromEntries(
          Object.entries(mixture).map(([source, weight]) => {
            return [source, { weight, repetition_factor: options.repetition_factors?.[source] ?? 1 }];
          }),
        ),
      });
  }
}

function sortedEntries(record: Weights): [string, number][] {
  return Object.entries(record).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
}
