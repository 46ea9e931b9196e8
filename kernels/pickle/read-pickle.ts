/**
 * Reads Python's pickle as plain data, and runs nothing: a checkpoint says how far a training is in an object among tensors and classes.
 *
 * Numbers, texts, lists and dictionaries come out as they are; a class that would be made is a {@link PickledObject} with its name and what
 * it was made of. Invariant: no name in a pickle is looked up, imported or called. Price: one pass; everything that is in it is held.
 */

/** An object of a class of Python's, or the class itself where nothing was made of it. */
export class PickledObject {
  readonly name: string;
  /** What it was made of, where it was made. */
  readonly made_of: PickleValue | undefined;
  /** Entries of a dictionary of a class of its own. */
  readonly entries = new Map<PickleValue, PickleValue>();
  /** Its attributes, as a rule a dictionary. */
  state: PickleValue = null;

  constructor(name: string, made_of?: PickleValue) {
    this.name = name;
    this.made_of = made_of;
  }
}

export type PickleValue =
  | null
  | boolean
  | number
  | string
  | Uint8Array
  | readonly PickleValue[]
  | Map<PickleValue, PickleValue>
  | PickledObject;

const MARK = Symbol("mark");
type Entry = PickleValue | typeof MARK;

/** Throws a RangeError or SyntaxError where the bytes are no pickle of protocol 2 to 5. */
export function readPickle(bytes: Uint8Array): PickleValue {
  return new Unpickler(bytes).read();
}

/** Entry `name` of a dictionary, or attribute of an object; undefined where there is none. */
export function fieldOf(value: PickleValue | undefined, name: string): PickleValue | undefined {
  if (value instanceof Map) return value.get(name);
  if (value instanceof PickledObject) return value.entries.get(name) ?? fieldOf(value.state, name);
  return undefined;
}

class Unpickler {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #stack: Entry[] = [];
  readonly #memo = new Map<number, PickleValue>();
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  read(): PickleValue {
    for (;;) {
      const op = this.#byte();
      if (op === 0x2e) return this.#pop();
      this.#step(op);
    }
  }

  #step(op: number): void {
    switch (op) {
      case 0x80: // protocol
        if (this.#byte() > 5) throw new SyntaxError("a pickle of a protocol above 5");
        return;
      case 0x95: // frame
        this.#at += 8;
        return;
      case 0x28: // mark
        this.#stack.push(MARK);
        return;
      case 0x30: // pop
        this.#stack.pop();
        return;
      case 0x31: // pop to the mark
        this.#marked();
        return;
      case 0x32: // duplicate
        this.#push(this.#top());
        return;
      case 0x4e:
        this.#push(null);
        return;
      case 0x88:
        this.#push(true);
        return;
      case 0x89:
        this.#push(false);
        return;
      case 0x4b:
        this.#push(this.#byte());
        return;
      case 0x4d:
        this.#push(this.#number(2));
        return;
      case 0x4a: {
        const at = this.#skip(4);
        this.#push(this.#view.getInt32(at, true));
        return;
      }
      case 0x8a:
        this.#push(this.#long(this.#byte()));
        return;
      case 0x8b:
        this.#push(this.#long(this.#number(4)));
        return;
      case 0x47: {
        const at = this.#skip(8);
        this.#push(this.#view.getFloat64(at));
        return;
      }
      case 0x58:
        this.#push(this.#text(this.#number(4)));
        return;
      case 0x8c:
        this.#push(this.#text(this.#byte()));
        return;
      case 0x8d:
        this.#push(this.#text(this.#number(8)));
        return;
      case 0x54:
        this.#push(this.#text(this.#number(4)));
        return;
      case 0x55:
        this.#push(this.#text(this.#byte()));
        return;
      case 0x42:
        this.#push(this.#raw(this.#number(4)));
        return;
      case 0x43:
        this.#push(this.#raw(this.#byte()));
        return;
      case 0x8e:
      case 0x96:
        this.#push(this.#raw(this.#number(8)));
        return;
      default:
        this.#collect(op);
        return;
    }
  }

  /** What is made of other things. */
  #collect(op: number): void {
    switch (op) {
      case 0x5d: // empty list
      case 0x29: // empty tuple
      case 0x8f: // empty set
        this.#push([]);
        return;
      case 0x7d:
        this.#push(new Map());
        return;
      case 0x61: {
        const value = this.#pop();
        this.#extend([value]);
        return;
      }
      case 0x65: // append all
      case 0x90: // add all
        this.#extend(this.#marked());
        return;
      case 0x6c: // list
      case 0x74: // tuple
      case 0x91: // frozen set
        this.#push(this.#marked());
        return;
      case 0x64:
        this.#push(new Map());
        this.#setAll(this.#entriesBelow());
        return;
      case 0x85:
      case 0x86:
      case 0x87:
        this.#push(this.#last(op - 0x84));
        return;
      case 0x73:
        this.#setAll(this.#last(2));
        return;
      case 0x75:
        this.#setAll(this.#marked());
        return;
      default:
        this.#object(op);
        return;
    }
  }

  /** What stands for code, and is kept as a name. */
  #object(op: number): void {
    switch (op) {
      case 0x63: // global
        this.#push(new PickledObject(`${this.#line()}.${this.#line()}`));
        return;
      case 0x93: {
        const [module, name] = this.#last(2);
        this.#push(new PickledObject(`${String(module)}.${String(name)}`));
        return;
      }
      case 0x52: // reduce
      case 0x81: {
        const [made, of] = this.#last(2);
        this.#push(new PickledObject(made instanceof PickledObject ? made.name : "", of));
        return;
      }
      case 0x92: {
        const [made, of] = this.#last(3);
        this.#push(new PickledObject(made instanceof PickledObject ? made.name : "", of));
        return;
      }
      case 0x62: {
        const state = this.#pop();
        const object = this.#top();
        if (object instanceof PickledObject) object.state = state;
        return;
      }
      case 0x51: // what lies outside the pickle, a tensor's storage
        this.#push(new PickledObject("persistent", this.#pop()));
        return;
      case 0x71:
        this.#memo.set(this.#byte(), this.#top());
        return;
      case 0x72:
        this.#memo.set(this.#number(4), this.#top());
        return;
      case 0x94:
        this.#memo.set(this.#memo.size, this.#top());
        return;
      case 0x68:
        this.#recall(this.#byte());
        return;
      case 0x6a:
        this.#recall(this.#number(4));
        return;
      case 0x97: // a buffer of its own
      case 0x98:
        return;
      default:
        throw new SyntaxError(`byte ${this.#at - 1} of the pickle is 0x${op.toString(16)}, which no checkpoint has`);
    }
  }

  #push(value: PickleValue): void {
    this.#stack.push(value);
  }

  #pop(): PickleValue {
    const value = this.#stack.pop();
    if (value === undefined || value === MARK) throw new SyntaxError("a pickle takes more than it has put");
    return value;
  }

  #top(): PickleValue {
    const value = this.#stack.at(-1);
    if (value === undefined || value === MARK) throw new SyntaxError("a pickle takes more than it has put");
    return value;
  }

  #last(count: number): PickleValue[] {
    const values: PickleValue[] = [];
    for (let i = 0; i < count; i++) values.unshift(this.#pop());
    return values;
  }

  #marked(): PickleValue[] {
    const mark = this.#stack.lastIndexOf(MARK);
    if (mark < 0) throw new SyntaxError("a pickle goes back to a mark that is not there");
    const values = this.#stack.splice(mark).slice(1);
    return values.flatMap((value) => (value === MARK ? [] : [value]));
  }

  /** Entries of a dictionary that lie below it: marked, then the dictionary was put. */
  #entriesBelow(): PickleValue[] {
    const dictionary = this.#pop();
    const entries = this.#marked();
    this.#push(dictionary);
    return entries;
  }

  #extend(values: readonly PickleValue[]): void {
    const list = this.#top();
    if (Array.isArray(list)) list.push(...values);
  }

  #setAll(pairs: readonly PickleValue[]): void {
    const target = this.#top();
    const entries = target instanceof PickledObject ? target.entries : target;
    if (!(entries instanceof Map)) return;
    for (let i = 0; i + 1 < pairs.length; i += 2) entries.set(pairs[i], pairs[i + 1]);
  }

  #recall(at: number): void {
    const value = this.#memo.get(at);
    if (value === undefined) throw new SyntaxError(`a pickle recalls ${at}, which it has not kept`);
    this.#push(value);
  }

  #byte(): number {
    return this.#bytes[this.#skip(1)];
  }

  /** Moves on; returns where it was. */
  #skip(count: number): number {
    const at = this.#at;
    if (at + count > this.#bytes.length) throw new RangeError("a pickle ends inside a value");
    this.#at += count;
    return at;
  }

  #number(bytes: number): number {
    const at = this.#skip(bytes);
    let value = 0;
    for (let i = bytes - 1; i >= 0; i--) value = value * 256 + this.#bytes[at + i];
    return value;
  }

  /** Two's complement of any length; beyond 2^53 it is rounded. */
  #long(bytes: number): number {
    const at = this.#skip(bytes);
    if (bytes === 0) return 0;
    let value = 0;
    for (let i = bytes - 1; i >= 0; i--) value = value * 256 + this.#bytes[at + i];
    return this.#bytes[at + bytes - 1] < 128 ? value : value - 256 ** bytes;
  }

  #raw(count: number): Uint8Array {
    const at = this.#skip(count);
    return this.#bytes.subarray(at, at + count);
  }

  #text(count: number): string {
    return new TextDecoder().decode(this.#raw(count));
  }

  #line(): string {
    const end = this.#bytes.indexOf(0x0a, this.#at);
    if (end < 0) throw new RangeError("a pickle ends inside a name");
    const text = this.#text(end - this.#at);
    this.#at = end + 1;
    return text;
  }
}
