/**
 * The keys that lead to wanted values: a tree, from the outermost object inwards.
 *
 * Invariant: equal paths are one node, so a node has at most one field. Price: a key is compared with its siblings of the
 * same length, byte by byte; recipes want a handful.
 */

/** A key on the way to a wanted value. */
export interface KeyNode {
  readonly name: string;
  readonly key: Uint8Array;
  /** Index of the wanted path that ends here, -1 where none does. */
  field: number;
  readonly children: KeyNode[];
}

const encoder = new TextEncoder();

/** The root of the tree of `paths`; of equal paths the last gets the value. */
export function keyTree(paths: readonly (readonly string[])[]): KeyNode {
  const root: KeyNode = { name: "", key: new Uint8Array(0), field: -1, children: [] };
  for (const [field, path] of paths.entries()) {
    let node = root;
    for (const name of path) {
      let child = node.children.find((other) => other.name === name);
      if (!child) {
        child = { name, key: encoder.encode(name), field: -1, children: [] };
        node.children.push(child);
      }
      node = child;
    }
    node.field = field;
  }
  return root;
}

/** The child of `parent` whose key is `bytes[start, end)`. */
export function findKey(parent: KeyNode, bytes: Uint8Array, start: number, end: number): KeyNode | undefined {
  const length = end - start;
  search: for (const child of parent.children) {
    const { key } = child;
    if (key.length !== length) continue;
    for (let i = 0; i < length; i++) {
      if (key[i] !== bytes[start + i]) continue search;
    }
    return child;
  }
  return undefined;
}
