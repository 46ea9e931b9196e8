/**
 * Sums of rows of floats. Rows are multiples of 16 bytes, or 8 bytes.
 *
 * Invariant: every float of the sum gets its addends one after the other, in the order of the rows.
 */

export function addRow(row: usize, rowBytes: usize, sum: usize): void {
  if (rowBytes == 8) {
    v128.store64_lane(sum, f32x4.add(v128.load64_zero(sum), v128.load64_zero(row)), 0);
    return;
  }
  for (let at: usize = 0; at < rowBytes; at += 16) {
    v128.store(sum + at, f32x4.add(v128.load(sum + at), v128.load(row + at)));
  }
}

/** Adds a vector of a row's size. */
export function addVector(vector: usize, rowBytes: usize, sum: usize): void {
  if (rowBytes == 64) {
    v128.store(sum, f32x4.add(v128.load(sum), v128.load(vector)));
    v128.store(sum, f32x4.add(v128.load(sum, 16), v128.load(vector, 16)), 16);
    v128.store(sum, f32x4.add(v128.load(sum, 32), v128.load(vector, 32)), 32);
    v128.store(sum, f32x4.add(v128.load(sum, 48), v128.load(vector, 48)), 48);
    return;
  }
  addRow(vector, rowBytes, sum);
}

export function scaleVector(vector: usize, rowBytes: usize, factor: f32): void {
  for (let at: usize = 0; at < rowBytes; at += 4) store<f32>(vector + at, load<f32>(vector + at) * factor);
}

/** Adds `count` rows whose numbers lie at `list`. */
export function addRows(list: usize, count: u32, rows: usize, rowBytes: usize, sum: usize): void {
  if (rowBytes == 64) addRows16(list, count, rows, sum);
  else if (rowBytes == 8) addRows2(list, count, rows, sum);
  else addWideRows(list, count, rows, rowBytes, sum);
}

function addRows16(list: usize, count: u32, rows: usize, sum: usize): void {
  let a = v128.load(sum);
  let b = v128.load(sum, 16);
  let c = v128.load(sum, 32);
  let d = v128.load(sum, 48);
  const end = list + ((<usize>count) << 2);
  for (let at = list; at < end; at += 4) {
    const row = rows + ((<usize>load<u32>(at)) << 6);
    a = f32x4.add(a, v128.load(row));
    b = f32x4.add(b, v128.load(row, 16));
    c = f32x4.add(c, v128.load(row, 32));
    d = f32x4.add(d, v128.load(row, 48));
  }
  v128.store(sum, a);
  v128.store(sum, b, 16);
  v128.store(sum, c, 32);
  v128.store(sum, d, 48);
}

function addRows2(list: usize, count: u32, rows: usize, sum: usize): void {
  let a = v128.load64_zero(sum);
  const end = list + ((<usize>count) << 2);
  for (let at = list; at < end; at += 4) {
    a = f32x4.add(a, v128.load64_zero(rows + ((<usize>load<u32>(at)) << 3)));
  }
  v128.store64_lane(sum, a, 0);
}

/** Four rows side by side: more of them are on their way from memory at once. */
function addWideRows(list: usize, count: u32, rows: usize, rowBytes: usize, sum: usize): void {
  let at = list;
  const end = list + ((<usize>count) << 2);
  for (; at + 16 <= end; at += 16) {
    const p = rows + <usize>load<u32>(at) * rowBytes;
    const q = rows + <usize>load<u32>(at, 4) * rowBytes;
    const r = rows + <usize>load<u32>(at, 8) * rowBytes;
    const s = rows + <usize>load<u32>(at, 12) * rowBytes;
    for (let j: usize = 0; j < rowBytes; j += 16) {
      let v = f32x4.add(v128.load(sum + j), v128.load(p + j));
      v = f32x4.add(v, v128.load(q + j));
      v = f32x4.add(v, v128.load(r + j));
      v128.store(sum + j, f32x4.add(v, v128.load(s + j)));
    }
  }
  for (; at < end; at += 4) addRow(rows + <usize>load<u32>(at) * rowBytes, rowBytes, sum);
}
