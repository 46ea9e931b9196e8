/** WebAssembly modules that packages keep as base64 text in their source, called without the loader around them. */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

/** A module begins with `\0asm`, in base64. */
const MODULE_TEXT = /["'`,](AGFzbQ[A-Za-z0-9+/=]+)["'`]/;

/** The module in the file that `specifier` means. Throws an Error where there is none: another version of a package. */
export function embeddedModule(specifier: string): WebAssembly.Module {
  const path = createRequire(import.meta.url).resolve(specifier);
  const text = MODULE_TEXT.exec(readFileSync(path, "latin1"))?.[1];
  if (text === undefined) throw new Error(`there is no WebAssembly module in ${path}`);
  return new WebAssembly.Module(Uint8Array.from(Buffer.from(text, "base64")));
}
