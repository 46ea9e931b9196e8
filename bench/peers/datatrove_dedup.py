"""datatrove's MinHash or exact dedup over the texts of a JSONL file, as one file, in all of its steps. JSON on stdout.

    python bench/peers/datatrove_dedup.py minhash|exact ROWS.jsonl

minhash: digests of the `.sig` file of each bucket, the cluster of every document that has one, and what is removed. exact: what is kept.
Needs datatrove 0.10.1, spaCy and xxhash < 4.
"""

import hashlib
import json
import os
import struct
import sys
import tempfile

from datatrove.data import Document
from datatrove.pipeline.dedup.exact_dedup import ExactDedupConfig, ExactDedupFilter, ExactDedupSignature, ExactFindDedups
from datatrove.pipeline.dedup.minhash import MinhashConfig, MinhashDedupBuckets, MinhashDedupCluster, MinhashDedupSignature

kind, rows = sys.argv[1:3]


def documents():
    with open(rows, encoding="utf-8") as file:
        for number, line in enumerate(file):
            yield Document(text=json.loads(line)["text"], id=str(number))


def text_of(document) -> str:
    return document.text


def numbers(file, fields):
    with open(file, "rb") as opened:
        return list(struct.iter_unpack("<" + "I" * fields, opened.read()))


def minhash(folder):
    config = MinhashConfig(n_grams=5, num_buckets=14, hashes_per_bucket=8)
    MinhashDedupSignature(folder + "/sig", config=config).run(documents(), 0, 1)
    digests = []
    for bucket in range(config.num_buckets):
        with open(f"{folder}/sig/bucket_{bucket:03d}/00000.minhash.sig", "rb") as file:
            digests.append(hashlib.sha256(file.read()).hexdigest())
        MinhashDedupBuckets(folder + "/sig", folder + "/dups", config=config).run(None, bucket, config.num_buckets)
    cluster = MinhashDedupCluster(folder + "/dups", folder + "/out", config=config, save_cluster_id=True)
    cluster.run(None, 0, 1)
    found = folder + "/out/000000"
    size = os.path.getsize(f"{folder}/sig/bucket_000/00000.minhash.sig")
    return {
        "signature_bytes": size,
        "digests": digests,
        "clusters": numbers(found + ".clusters", 2) if os.path.exists(found + ".clusters") else [],
        "removed": [row for (row,) in numbers(found + ".remove", 1)] if os.path.exists(found + ".remove") else [],
    }


def exact(folder):
    config = ExactDedupConfig(content_getter=text_of)
    ExactDedupSignature(folder + "/sig", config=config).run(documents(), 0, 1)
    ExactFindDedups(folder + "/sig", folder + "/dups", config=config).run()
    left = ExactDedupFilter(folder + "/dups", config=config).run(documents(), 0, 1)
    return {"kept": [int(document.id) for document in left]}


with tempfile.TemporaryDirectory() as scratch:
    print(json.dumps({"minhash": minhash, "exact": exact}[kind](scratch)))
