/**
 * Server-sent events, as far as servers of models use them: the `data` of each event, as the bytes arrive.
 *
 * Invariant: how the bytes are cut into pieces changes nothing, in the middle of a character either. An event that is not ended by an
 * empty line is none. Memory: one event. Price: one look at each character.
 */

export class EventStream {
  readonly #decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  #line = "";
  #data: string[] = [];

  /** The data of the events that end in `bytes`. */
  push(bytes: Uint8Array): readonly string[] {
    const events: string[] = [];
    const text = this.#line + this.#decoder.decode(bytes, { stream: true });
    let from = 0;
    for (let end = text.indexOf("\n"); end >= 0; end = text.indexOf("\n", from)) {
      this.#take(text.slice(from, text.charCodeAt(end - 1) === 0x0d && end > from ? end - 1 : end), events);
      from = end + 1;
    }
    this.#line = text.slice(from);
    return events;
  }

  #take(line: string, events: string[]): void {
    if (line === "") {
      if (this.#data.length > 0) events.push(this.#data.join("\n"));
      this.#data = [];
    } else if (line.startsWith("data:")) {
      this.#data.push(line.slice(line.charCodeAt(5) === 0x20 ? 6 : 5));
    }
  }
}
