/**
 * Python's `%` on text: `"%s is %d" % (name, age)`.
 *
 * Owns the codes s, r, d, i, f, and %%, with flags, width and precision; others are told as not supported. Invariant: too few and too many
 * arguments are errors, as in Python.
 */
import { typeError, unsupported } from "./errors.ts";
import { doubleOf, integerOf, numericOf } from "./numbers.ts";
import { roundedText } from "./rounding.ts";
import type { Run } from "./run.ts";
import { codePointLength } from "./strings.ts";
import { reprOf, strOf } from "./text.ts";
import { isDict, isList, PyFloat, Range, Tuple, typeName, type Value } from "./values.ts";

const CODE = /%(?:\(([^)]*)\))?([-+ 0]*)([0-9]*)(?:\.([0-9]+))?([a-zA-Z%]?)/g;

interface Code {
  readonly flags: string;
  readonly width: number;
  readonly precision: number | undefined;
  readonly letter: string;
}

export function formatPercent(format: string, args: Value, run: Run): string {
  const positional = args instanceof Tuple ? args.items : [args];
  run.spend(format.length);
  let used = 0;
  const text = format.replace(
    CODE,
    (_, key: string | undefined, flags: string, width: string, digits: string | undefined, letter: string) => {
      if (letter === "%") return "%";
      const code = {
        flags,
        width: Number(width),
        precision: digits === undefined ? undefined : Number(digits),
        letter,
      };
      run.reserve(code.width + (code.precision ?? 0));
      if (key !== undefined) {
        if (!isDict(args)) throw typeError("format requires a mapping");
        used = positional.length;
        return padded(converted(args.get(key), code, run), code);
      }
      if (used >= positional.length) throw typeError("not enough arguments for format string");
      return padded(converted(positional[used++], code, run), code);
    },
  );
  if (used < positional.length && !isIndexable(args)) {
    throw typeError("not all arguments converted during string formatting");
  }
  return text;
}

/** What Python takes for a mapping here: it need not be used. */
function isIndexable(args: Value): boolean {
  return args === undefined || isDict(args) || isList(args) || args instanceof Range;
}

function converted(value: Value, { flags, precision, letter }: Code, run: Run): string {
  if (letter === "s" || letter === "r") {
    const text = letter === "s" ? strOf(value, run) : reprOf(value, run);
    return precision === undefined ? text : Array.from(text).slice(0, precision).join("");
  }
  const number = numericOf(value);
  if (letter !== "d" && letter !== "i" && letter !== "f") throw unsupported(`the format '%${letter}'`);
  if (number === undefined) throw typeError(`%${letter} format: a number is required, not ${typeName(value)}`);
  if (letter === "f") return signed(roundedText(doubleOf(number), precision ?? 6), flags);
  if (precision !== undefined) throw unsupported("a precision of '%d'");
  const integer = number instanceof PyFloat ? BigInt(Math.trunc(number.value)) : (integerOf(value) ?? 0);
  return signed(String(integer), flags);
}

function signed(text: string, flags: string): string {
  if (text.startsWith("-")) return text;
  if (flags.includes("+")) return `+${text}`;
  return flags.includes(" ") ? ` ${text}` : text;
}

function padded(text: string, { flags, width, letter }: Code): string {
  const missing = width - codePointLength(text);
  if (missing <= 0) return text;
  if (flags.includes("-")) return text + " ".repeat(missing);
  if (!flags.includes("0") || letter === "s" || letter === "r") return " ".repeat(missing) + text;
  const sign = /^[-+ ]/.exec(text)?.[0] ?? "";
  return sign + "0".repeat(missing) + text.slice(sign.length);
}
