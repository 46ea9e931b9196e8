/** The header of a `.npy` file, format 1.0, of one dimension: `np.load` reads what follows it. Byte for byte as `np.save`. */

/** NumPy pads the header so that the array starts at a multiple of 64 bytes. */
const ALIGNMENT = 64;
const PREFIX = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0];

/** `descr` is NumPy's: `<i8`, `<u4`, `|b1`. */
export function npyHeader(descr: "<i8" | "<u4" | "|b1", length: number): Uint8Array {
  const text = `{'descr': '${descr}', 'fortran_order': False, 'shape': (${length},), }`;
  const unpadded = PREFIX.length + 2 + text.length + 1;
  const total = Math.ceil(unpadded / ALIGNMENT) * ALIGNMENT;
  const bytes = new Uint8Array(total).fill(0x20);
  bytes.set(PREFIX);
  new DataView(bytes.buffer).setUint16(PREFIX.length, total - PREFIX.length - 2, true);
  bytes.set(new TextEncoder().encode(text), PREFIX.length + 2);
  bytes[total - 1] = 0x0a;
  return bytes;
}
