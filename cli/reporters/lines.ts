/**
 * One line of progress in a given width: of a segment, and of the whole run.
 *
 * Invariant: a line is never wider than it may be. What matters least goes first: rates, then the bar, then the end
 * of a name.
 */
import { formatBytes, formatCount, formatDuration, formatPercent } from "../format.ts";

export interface SegmentState {
  readonly phase: string;
  readonly subject: string;
  readonly seconds: number;
  readonly tasks: number;
  readonly done: number;
  /** How much of it is done, and how much since it began: 0 to 1. */
  readonly ratio: number;
  readonly fresh: number;
  /** Of a segment that reads rows, since this attempt began. */
  readonly counts?: { readonly bytes: number; readonly rows: number; readonly kept: number };
}

export interface WholeState {
  readonly name: string;
  readonly seconds: number;
  readonly done: number;
  readonly total: number;
  readonly doneBefore: number;
  readonly bytes: number;
  readonly bytesBefore: number;
  readonly bytesRead: number;
  readonly stopping: boolean;
}

const PHASE_WIDTH = 8;
const BAR_WIDTH = 16;
/** Names get this much where there is room, and at least that much before the bar goes. */
const NAME_WIDTH = 28;
const SHORT_NAME_WIDTH = 12;

/** Reading text is about this share of a run's work; the phases behind it are the rest. */
const READING_SHARE = 0.8;

export function segmentLine(state: SegmentState, width: number): string {
  const { phase, subject, seconds, tasks, done, ratio, fresh, counts } = state;
  const left = fresh > 0 ? (seconds / fresh) * (1 - ratio) : Number.NaN;
  const amount = counts === undefined ? `${done}/${tasks}` : formatPercent(ratio, 0);
  const parts = [amount.padStart(6), `ETA ${formatDuration(left)}`];
  const rates =
    counts === undefined
      ? []
      : [
          `${formatBytes(Math.round(counts.bytes / seconds))}/s`,
          `kept ${formatPercent(counts.kept / counts.rows, 0)}`,
          `${formatCount(counts.rows / seconds)} docs/s`,
        ];
  const fixed = PHASE_WIDTH + lengthOf(parts);
  const hasBar = fixed + SHORT_NAME_WIDTH + 2 + BAR_WIDTH <= width;
  const room = width - fixed - (hasBar ? BAR_WIDTH + 2 : 0);
  const nameWidth = Math.max(1, Math.min(NAME_WIDTH, room));
  const name = shortName(subject, nameWidth).padEnd(nameWidth);
  const line = [`${phase.padEnd(PHASE_WIDTH)}${name}`, ...(hasBar ? [bar(ratio)] : []), ...parts];
  for (const rate of rates) if (lengthOf(line) - 2 + rate.length + 2 <= width) line.push(rate);
  return line.join("  ").slice(0, Math.max(0, width));
}

export function overallLine(state: WholeState, width: number): string {
  const { name, seconds, done, total, doneBefore, bytes, bytesRead, stopping } = state;
  // Those that this attempt has to do.
  const phases = total - doneBefore;
  const parts = [
    stopping ? `run ${name}: stopping, what is in flight is committed first` : `run ${name}`,
    `phase ${Math.min(done - doneBefore + 1, phases)} of ${phases}`,
    `${formatDuration(seconds)} elapsed`,
    ...(stopping ? [] : [`ETA ${formatDuration(wholeEta(state))}`]),
    ...(bytes > 0 ? [`${formatBytes(bytesRead)} of ${formatBytes(bytes)} read`] : []),
  ];
  const line: string[] = [];
  for (const part of parts) if (line.length === 0 || lengthOf([...line, part]) - 2 <= width) line.push(part);
  return line.join("  ").slice(0, Math.max(0, width));
}

/** Seconds left, by what this attempt has done of reading and of phases. NaN while that is nothing. */
function wholeEta({ seconds, done, total, doneBefore, bytes, bytesBefore, bytesRead }: WholeState): number {
  const reading = bytes === 0 ? 0 : READING_SHARE;
  const work = (read: number, phases: number): number =>
    (bytes === 0 ? 0 : (reading * read) / bytes) + ((1 - reading) * phases) / Math.max(1, total - doneBefore);
  const now = work(bytesRead, done - doneBefore);
  const since = now - work(bytesBefore, 0);
  return since > 0 ? (seconds / since) * (1 - now) : Number.NaN;
}

/** With the two blanks behind each. */
function lengthOf(parts: readonly string[]): number {
  return parts.reduce((sum, part) => sum + part.length + 2, 0);
}

function shortName(name: string, width: number): string {
  return name.length <= width ? name : `${name.slice(0, width - 1)}…`;
}

function bar(ratio: number): string {
  return "█".repeat(Math.round(Math.min(1, Math.max(0, ratio)) * BAR_WIDTH)).padEnd(BAR_WIDTH, "░");
}
