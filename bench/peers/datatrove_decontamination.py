"""datatrove's n-gram decontamination over texts: {"items": [[question, answer], …], "texts": […]} on stdin; rows and MB of text per second of CPU time on stdout.

Needs: datatrove 0.10.1, spacy.
"""

import json
import sys
import time

from datatrove.data import Document
from datatrove.pipeline.decont.n_grams import NGramsDecontFilter, NGramsDecontIndexer


def main():
    given = json.load(sys.stdin)
    # It asks for a package that only its list of tasks needs.
    NGramsDecontIndexer._requires_dependencies = []
    indexer = NGramsDecontIndexer(".")
    judge = NGramsDecontFilter(".")
    judge._index_hashes = {}
    for question, answer in given["items"]:
        for value in indexer.compute_hashes(answer, question):
            judge._index_hashes[value] = "items"
    documents = [Document(text=text, id="") for text in given["texts"]]
    size = sum(len(text.encode()) for text in given["texts"])
    started = time.process_time()
    rows = [row for row, document in enumerate(documents) if judge.filter(document) is not True]
    print(json.dumps({"rows": rows, "mb_per_s": size / (time.process_time() - started) / 1e6}))


main()
