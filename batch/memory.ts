/**
 * Memory for the large arrays of batches and tasks, taken again from what was given back.
 *
 * Why: every fresh megabyte costs 256 page faults and moves V8 closer to a collection of a heap that has nothing to collect; reuse
 * took a sixth of the CPU time of a whole run away. Invariant: memory is not zeroed, so a user shows only bytes it has written; what is
 * released belongs to nobody, so only the last owner of all views of an array may release it. Not releasing is always right: the
 * collector then does it. Per thread, at most {@link KEPT_BYTES} are kept for the next taker.
 */

/** Below it, malloc is as good. */
const SMALLEST_BYTES = 64 * 1024;
const KEPT_BYTES = 96 * 1024 * 1024;

const kept: ArrayBuffer[] = [];
let keptBytes = 0;
/** Memory of this module that is out, so that a foreign array given back is left alone and one given back twice is found. */
const lent = new WeakSet<ArrayBufferLike>();

/** At least `bytes` of memory, as an array of exactly `bytes`. Its content is whatever was there. */
export function allocate(bytes: number): Uint8Array<ArrayBuffer> {
  if (bytes < SMALLEST_BYTES) return new Uint8Array(bytes);
  const buffer = takeKept(bytes) ?? fresh(roundUp(bytes));
  lent.add(buffer);
  return new Uint8Array(buffer, 0, bytes);
}

/** Gives back the memory behind `view`; nothing may read it afterwards. Does nothing for memory that is not from here. */
export function release(view: ArrayBufferView): void {
  const { buffer } = view;
  if (!lent.delete(buffer)) return;
  kept.push(buffer as ArrayBuffer);
  keptBytes += buffer.byteLength;
  drop(KEPT_BYTES);
}

/** What is kept makes room for what is asked for, or a task with other sizes than the one before would hold the memory of both. */
function fresh(bytes: number): ArrayBuffer {
  drop(KEPT_BYTES - bytes);
  return Buffer.allocUnsafeSlow(bytes).buffer;
}

/** Lets go of the buffers that went unused longest until at most `bytes` are kept. */
function drop(bytes: number): void {
  while (kept.length > 0 && keptBytes > bytes) keptBytes -= (kept.shift() as ArrayBuffer).byteLength;
}

/** The smallest kept buffer that holds `bytes` without wasting more than it uses. */
function takeKept(bytes: number): ArrayBuffer | undefined {
  let best = -1;
  for (let i = 0; i < kept.length; i++) {
    const size = kept[i].byteLength;
    if (size >= bytes && size <= 2 * bytes && (best < 0 || size < kept[best].byteLength)) best = i;
  }
  if (best < 0) return undefined;
  const [buffer] = kept.splice(best, 1);
  keptBytes -= buffer.byteLength;
  return buffer;
}

/** To an eighth of the power of two below: sizes that are nearly equal can take each other's place. */
function roundUp(bytes: number): number {
  const step = 2 ** Math.max(12, 28 - Math.clz32(bytes));
  return Math.ceil(bytes / step) * step;
}
