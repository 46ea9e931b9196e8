/**
 * The trainers an export can be made for, generated from the files of this folder.
 *
 * Invariant: a trainer's name is the name of the file that declares it.
 */
import type { Exporter } from "./define.ts";
import { BUILTIN_EXPORTERS } from "./registry.gen.ts";

export type Trainer = keyof typeof BUILTIN_EXPORTERS;

export const EXPORTERS: Readonly<Record<Trainer, Exporter>> = BUILTIN_EXPORTERS;

/** By name. */
export const TRAINERS = Object.keys(BUILTIN_EXPORTERS) as [Trainer, ...Trainer[]];
