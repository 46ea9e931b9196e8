/**
 * A trigram model of token ids, smoothed as Witten and Bell do: the smallest real training there is. What it learns from a mixture shows in its loss
 * on every domain, which is what an experiment with mixtures needs of a model.
 *
 * p(w | h) = (c(h, w) + T(h) · p(w | h′)) / (c(h) + T(h)), where T(h) counts the different tokens seen behind h and h′ is h without its first token;
 * below single tokens all are alike. Counts do not depend on the order of windows. Price: about a second for a million tokens.
 */

/** Numbers of keys that were counted, in the order they came; open addressing. */
class Keys {
  #keys;
  #numbers;
  #mask;
  size = 0;

  constructor(most) {
    const slots = 2 ** Math.ceil(Math.log2(Math.max(16, 2 * most)));
    this.#keys = new Float64Array(slots);
    this.#numbers = new Int32Array(slots).fill(-1);
    this.#mask = slots - 1;
  }

  /** The key's number, or -1. */
  find(key) {
    return this.#numbers[this.#slot(key)];
  }

  add(key) {
    const slot = this.#slot(key);
    if (this.#numbers[slot] < 0) {
      this.#keys[slot] = key;
      this.#numbers[slot] = this.size++;
    }
    return this.#numbers[slot];
  }

  #slot(key) {
    let hash = Math.imul(key >>> 0, 0x9e3779b1) ^ Math.imul((key / 2 ** 32) >>> 0, 0x85ebca6b);
    hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d);
    let slot = (hash ^ (hash >>> 13)) & this.#mask;
    while (this.#numbers[slot] >= 0 && this.#keys[slot] !== key) slot = (slot + 1) & this.#mask;
    return slot;
  }
}

/** What followed the contexts of one length: how often anything did, how many different tokens, and each token. */
class Followers {
  constructor(contexts, most) {
    this.total = new Uint32Array(contexts);
    this.types = new Uint32Array(contexts);
    this.pairs = new Keys(most);
    this.counts = new Uint32Array(most);
  }
}

export class TrigramModel {
  #vocabulary;
  #tokens = 0;
  #types = 0;
  #unigrams;
  #bigrams;
  #trigrams;

  /** Of so many token ids, for at most so many tokens of training. */
  constructor(vocabularySize, mostTokens) {
    this.#vocabulary = vocabularySize;
    this.#unigrams = new Uint32Array(vocabularySize);
    this.#bigrams = new Followers(vocabularySize, mostTokens);
    this.#trigrams = new Followers(mostTokens, mostTokens);
  }

  train(window) {
    let first = -1;
    let second = -1;
    for (const token of window) {
      this.#tokens++;
      if (this.#unigrams[token]++ === 0) this.#types++;
      const pair = second < 0 ? -1 : this.#count(this.#bigrams, second, token);
      if (first >= 0) this.#count(this.#trigrams, first, token);
      // A pair of tokens is the context of a third.
      first = pair;
      second = token;
    }
  }

  /** Nats for all of `tokens`, the first one being behind `before`. */
  loss(tokens, before) {
    let nats = 0;
    let first = -1;
    let second = before;
    for (const token of tokens) {
      let p = (this.#unigrams[token] + this.#types / this.#vocabulary) / (this.#tokens + this.#types);
      p = this.#smoothed(this.#bigrams, second, token, p);
      p = this.#smoothed(this.#trigrams, first, token, p);
      nats -= Math.log(p);
      first = this.#bigrams.pairs.find(second * this.#vocabulary + token);
      second = token;
    }
    return nats;
  }

  #count(followers, context, token) {
    const pair = followers.pairs.add(context * this.#vocabulary + token);
    if (followers.counts[pair]++ === 0) followers.types[context]++;
    followers.total[context]++;
    return pair;
  }

  #smoothed({ total, types, pairs, counts }, context, token, below) {
    if (context < 0 || total[context] === 0) return below;
    const pair = pairs.find(context * this.#vocabulary + token);
    return ((pair < 0 ? 0 : counts[pair]) + types[context] * below) / (total[context] + types[context]);
  }
}
