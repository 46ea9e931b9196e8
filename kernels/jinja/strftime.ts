/**
 * `strftime` of a given moment, as glibc has it in the C locale.
 *
 * Invariant: the text depends on the moment and the format alone; there is no clock and no zone. A code that glibc does not know stays as it
 * stands. `%s` counts as if the moment were UTC; `%z` and `%Z` are empty, as for Python's moments without a zone.
 */
import type { TemplateDate } from "./run.ts";

const DAYS = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];
const MONTHS = [
  "January",
  "February",
  "March",
  "April",
  "May",
  "June",
  "July",
  "August",
  "September",
  "October",
  "November",
  "December",
];
const DAY_MS = 86_400_000;
const CODE = /%([-_0^#]*)([0-9]*)([EO]?)([a-zA-Z%+])/g;

interface Moment {
  readonly year: number;
  readonly month: number;
  readonly day: number;
  readonly hour: number;
  readonly minute: number;
  readonly second: number;
  /** 0 is Sunday. */
  readonly weekday: number;
  /** From 1. */
  readonly dayOfYear: number;
  /** Of 1970 on, as if UTC. */
  readonly seconds: number;
}

/** A part of a moment: a text, or a number with its digits and what fills them. */
type Part = string | { readonly value: number; readonly digits: number; readonly fill: "0" | " " };

export function strftime(format: string, date: TemplateDate): string {
  return formatted(format, momentOf(date));
}

function momentOf({ year, month, day, hour = 0, minute = 0, second = 0 }: TemplateDate): Moment {
  const midnight = new Date(0);
  midnight.setUTCFullYear(year, month - 1, day);
  const firstDay = new Date(0);
  firstDay.setUTCFullYear(year, 0, 1);
  return {
    year,
    month,
    day,
    hour,
    minute,
    second,
    weekday: midnight.getUTCDay(),
    dayOfYear: Math.round((midnight.getTime() - firstDay.getTime()) / DAY_MS) + 1,
    seconds: midnight.getTime() / 1000 + hour * 3600 + minute * 60 + second,
  };
}

function formatted(format: string, moment: Moment): string {
  return format.replace(CODE, (whole: string, flags: string, width: string, _: string, letter: string) => {
    const part = partOf(letter, moment);
    if (part === undefined) return whole;
    const text = typeof part === "string" ? part : numbered(part, flags, Number(width));
    return cased(
      typeof part === "string" ? text.padStart(Number(width), flags.includes("0") ? "0" : " ") : text,
      flags,
      letter,
    );
  });
}

function numbered({ value, digits, fill }: Exclude<Part, string>, flags: string, width: number): string {
  if (flags.includes("-")) return String(value);
  const filler = flags.includes("_") ? " " : flags.includes("0") ? "0" : fill;
  return String(value).padStart(Math.max(width, digits), filler);
}

function cased(text: string, flags: string, letter: string): string {
  if (flags.includes("^")) return text.toUpperCase();
  if (!flags.includes("#")) return text;
  return letter === "p" || letter === "Z" ? text.toLowerCase() : text.toUpperCase();
}

function number(value: number, digits = 2, fill: "0" | " " = "0"): Part {
  return { value, digits, fill };
}

function partOf(letter: string, moment: Moment): Part | undefined {
  const { year, month, day, hour, minute, second, weekday, dayOfYear } = moment;
  switch (letter) {
    case "a":
      return DAYS[weekday].slice(0, 3);
    case "A":
      return DAYS[weekday];
    case "b":
    case "h":
      return MONTHS[month - 1].slice(0, 3);
    case "B":
      return MONTHS[month - 1];
    case "c":
      return formatted("%a %b %e %H:%M:%S %Y", moment);
    case "C":
      return number(Math.floor(year / 100));
    case "d":
      return number(day);
    case "D":
    case "x":
      return formatted("%m/%d/%y", moment);
    case "e":
      return number(day, 2, " ");
    case "f":
      return "000000";
    case "F":
      return formatted("%Y-%m-%d", moment);
    case "g":
      return number(isoWeek(moment).year % 100);
    case "G":
      return number(isoWeek(moment).year, 1);
    case "H":
      return number(hour);
    case "I":
      return number(hour % 12 === 0 ? 12 : hour % 12);
    case "j":
      return number(dayOfYear, 3);
    case "k":
      return number(hour, 2, " ");
    case "l":
      return number(hour % 12 === 0 ? 12 : hour % 12, 2, " ");
    case "m":
      return number(month);
    case "M":
      return number(minute);
    case "n":
      return "\n";
    case "p":
      return hour < 12 ? "AM" : "PM";
    case "P":
      return hour < 12 ? "am" : "pm";
    case "r":
      return formatted("%I:%M:%S %p", moment);
    case "R":
      return formatted("%H:%M", moment);
    case "s":
      return number(moment.seconds, 1);
    case "S":
      return number(second);
    case "t":
      return "\t";
    case "T":
    case "X":
      return formatted("%H:%M:%S", moment);
    case "u":
      return number(weekday === 0 ? 7 : weekday, 1);
    case "U":
      return number(Math.floor((dayOfYear + 6 - weekday) / 7));
    case "V":
      return number(isoWeek(moment).week);
    case "w":
      return number(weekday, 1);
    case "W":
      return number(Math.floor((dayOfYear + 6 - ((weekday + 6) % 7)) / 7));
    case "y":
      return number(year % 100);
    case "Y":
      return number(year, 1);
    case "z":
    case "Z":
      return "";
    case "%":
      return "%";
    default:
      return undefined;
  }
}

/** The week of ISO 8601: that of its Thursday. */
function isoWeek({ year, month, day, weekday }: Moment): { readonly year: number; readonly week: number } {
  const thursday = new Date(0);
  thursday.setUTCFullYear(year, month - 1, day + 4 - (weekday === 0 ? 7 : weekday));
  const firstDay = new Date(0);
  firstDay.setUTCFullYear(thursday.getUTCFullYear(), 0, 1);
  const week = Math.floor((thursday.getTime() - firstDay.getTime()) / DAY_MS / 7) + 1;
  return { year: thursday.getUTCFullYear(), week };
}
