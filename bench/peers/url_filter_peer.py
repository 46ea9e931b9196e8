"""What datatrove's URLFilter, with its own lists, says of the URLs of a file, one a line, and its CPU time: url_filter_peer.py FILE ROUNDS. JSON on stdout."""

import json
import os
import resource
import sys
import time
import warnings

os.environ["TLDEXTRACT_PUBLIC_SUFFIX_LIST_URLS"] = ""
warnings.simplefilter("ignore")

from datatrove.data import Document  # noqa: E402
from datatrove.pipeline.filters import URLFilter  # noqa: E402

with open(sys.argv[1], encoding="utf-8") as file:
    documents = [Document(text="x", id="1", metadata={"url": line.rstrip("\n")}) for line in file]
before = time.process_time()
judge = URLFilter()
judge.download_data()
judge.filter(documents[0])
opened = time.process_time() - before
best = float("inf")
for _ in range(int(sys.argv[2])):
    before = time.process_time()
    said = [judge.filter(document) for document in documents]
    best = min(best, time.process_time() - before)
print(json.dumps({
    "open_cpu_s": opened,
    "microseconds_per_url": 1e6 * best / len(documents),
    "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3,
    "reasons": [None if each is True else each[1] for each in said],
}))
