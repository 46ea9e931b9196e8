/**
 * Normalizers and pre-tokenizers of a `tokenizer.json` whose model is one of characters, taken together: what text becomes before it is merged.
 *
 * SentencePiece's files write U+2581 for every blank. Where they do, the steps are rewritten so that text keeps its plain blanks and only a real
 * U+2581 is replaced: fewer bytes, and tokens that are spelled as the text is. Where a plain blank may reach the model beside U+2581, steps stay
 * as the file has them.
 */
import type { Prefix } from "../character-symbols.ts";
import type { PreTokenizerStep } from "../model.ts";
import type { NormalizerStep } from "../normalizers.ts";
import { BLANK_SIGN } from "../text-steps.ts";
import type { Blanks } from "./character-model.ts";
import { readNormalizers } from "./normalizers.ts";
import { readStep } from "./pre-tokenizers.ts";
import { isUnset, type Json, type JsonObject, list, object, unsupported } from "./values.ts";

export interface TextForm {
  readonly normalizers: readonly NormalizerStep[];
  readonly preTokenizers: readonly PreTokenizerStep[];
  readonly blanks: Blanks;
}

interface Metaspace {
  readonly prefix: Prefix;
  readonly cut: boolean;
}

const SCHEMES: ReadonlyMap<Json | undefined, Prefix> = new Map([
  ["always", "always"],
  ["first", "first"],
  ["never", "never"],
]);

function readMetaspace(step: JsonObject): Metaspace {
  if (step.replacement !== BLANK_SIGN)
    throw unsupported(`Metaspace with replacement ${JSON.stringify(step.replacement)}`);
  const older = step.add_prefix_space === false ? "never" : "always";
  const prefix = step.prepend_scheme === undefined ? older : SCHEMES.get(step.prepend_scheme);
  if (prefix === undefined) throw unsupported(`Metaspace with prepend_scheme ${JSON.stringify(step.prepend_scheme)}`);
  if (step.add_prefix_space === false && prefix !== "never") {
    throw unsupported(`Metaspace with add_prefix_space false and prepend_scheme ${JSON.stringify(prefix)}`);
  }
  return { prefix, cut: step.split !== false };
}

/** Whether a Split cuts at plain blanks only, of which there are none. */
function cutsAtBlanks(step: JsonObject): boolean {
  return step.type === "Split" && object(step.pattern, "Split.pattern").String === " ";
}

/** Whether text has no plain blank behind `steps`. */
function signsBlanks(steps: readonly NormalizerStep[]): boolean {
  return steps.reduce((signed, step) => {
    if (step.kind === "replace" && step.text === " ") return !step.content.includes(" ");
    if (step.kind === "replace" || step.kind === "replace_matches") return signed && !step.content.includes(" ");
    if (step.kind === "prepend") return signed && !step.text.includes(" ");
    // A charsmap and the compatibility forms make plain blanks of others.
    return signed && step.kind !== "nfkc" && step.kind !== "nfkd" && step.kind !== "precompiled";
  }, false);
}

/** `steps` with plain blanks at their end for what U+2581 they would leave. */
function withPlainBlanks(steps: readonly NormalizerStep[]): readonly NormalizerStep[] {
  const [last, ...before] = [...steps].reverse();
  const rest = before.reverse();
  if (last?.kind === "prepend") {
    return [...withPlainBlanks(rest), { kind: "prepend", text: last.text.replaceAll(BLANK_SIGN, " ") }];
  }
  if (last?.kind === "replace" && last.text === " " && last.content === BLANK_SIGN) return withPlainBlanks(rest);
  return [...steps, { kind: "plain_blanks" }];
}

/** The steps of a pre-tokenizer, one in a Sequence or alone. */
function stepsOf(value: Json | undefined): readonly JsonObject[] {
  if (value === undefined || isUnset(value)) return [];
  const root = object(value, "pre_tokenizer");
  if (root.type !== "Sequence") return [root];
  return list(root.pretokenizers, "pre_tokenizer.pretokenizers").flatMap(stepsOf);
}

/** Whether words are spelled in the byte alphabet before the model sees them. */
export function hasByteLevel(preTokenizer: Json | undefined): boolean {
  return stepsOf(preTokenizer).some(({ type }) => type === "ByteLevel");
}

/** `form` with the blank that its last normalizer puts before text left to who cuts pieces, which costs no copy of the text. */
export function withPrefixOfPieces(form: TextForm): TextForm {
  const last = form.normalizers.at(-1);
  const [step] = form.preTokenizers;
  const moves = last?.kind === "prepend" && last.text === " " && step?.kind === "characters";
  if (!moves || form.blanks.prefix !== "never") return form;
  return { ...form, normalizers: form.normalizers.slice(0, -1), blanks: { ...form.blanks, prefix: "every" } };
}

/** WhitespaceSplit and Metaspace together, as T5 and XLM-R have them; undefined for all other steps. */
function readWords(steps: readonly JsonObject[], hasSign: boolean): Blanks | undefined {
  const [first, second] = steps;
  if (steps.length !== 2 || first.type !== "WhitespaceSplit" || second.type !== "Metaspace") return undefined;
  const { prefix, cut } = readMetaspace(second);
  if (prefix !== "always") throw unsupported(`Metaspace with prepend_scheme ${prefix} behind WhitespaceSplit`);
  if (!cut) throw unsupported("Metaspace with split false behind WhitespaceSplit");
  if (!hasSign) throw unsupported("Metaspace and a vocabulary without U+2581");
  return { signed: true, cut, prefix, words: true };
}

/** @param hasSign whether the vocabulary has U+2581 */
export function readTextForm(normalizer: Json | undefined, preTokenizer: Json | undefined, hasSign: boolean): TextForm {
  const normalizers = readNormalizers(normalizer);
  const steps = stepsOf(preTokenizer);
  const words = readWords(steps, hasSign);
  if (words !== undefined) return { normalizers, preTokenizers: [{ kind: "characters" }], blanks: words };
  const [first, ...others] = steps;
  const metaspace = first?.type === "Metaspace" ? readMetaspace(first) : undefined;
  if (metaspace !== undefined && !hasSign) throw unsupported("Metaspace and a vocabulary without U+2581");
  for (const { type } of metaspace === undefined ? [] : others.filter((step) => !cutsAtBlanks(step))) {
    throw unsupported(`pre-tokenizer ${JSON.stringify(type)} behind Metaspace`);
  }
  const signed = metaspace !== undefined || (signsBlanks(normalizers) && steps.every(cutsAtBlanks));
  const splits = signed ? [] : steps.flatMap(readStep);
  return {
    normalizers: signed && hasSign ? withPlainBlanks(normalizers) : normalizers,
    preTokenizers: splits.length > 0 ? splits : [{ kind: "characters" }],
    blanks: {
      signed: signed && hasSign,
      cut: metaspace?.cut === true,
      prefix: metaspace?.prefix ?? "never",
      words: false,
    },
  };
}
