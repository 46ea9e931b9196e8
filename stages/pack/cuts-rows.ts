/** Whether a packer of rows cuts them wherever a packed row is full: then no row is too long for it. */
export function cutsRows(use: string): boolean {
  return use === "pack/bfd-split" || use === "pack/wrapped";
}
