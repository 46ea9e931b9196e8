"""datatrove's sentence dedup over the texts of a JSONL file, as one file, in three steps. Prints CPU seconds.

    python bench/peers/sentence_dedup_peer.py ROWS.jsonl [KEPT.jsonl] [lines]

With KEPT.jsonl, unless it is -, what is left is written there: {"id", "text"}. `lines` compares lines in place of sentences. Needs datatrove 0.10.1, spaCy and xxhash < 4.
"""

import json
import sys
import tempfile
import time

from datatrove.data import Document
from datatrove.pipeline.dedup.sentence_dedup import (
    SentDedupConfig,
    SentenceDedupFilter,
    SentenceDedupSignature,
    SentenceFindDedups,
)

rows = sys.argv[1]
kept = sys.argv[2] if len(sys.argv) > 2 and sys.argv[2] != "-" else None


def documents():
    with open(rows, encoding="utf-8") as file:
        for number, line in enumerate(file):
            row = json.loads(line)
            yield Document(text=row["text"], id=str(number))


folder = tempfile.mkdtemp()
config = SentDedupConfig(split_sentences="lines" not in sys.argv[3:])
begin = time.process_time()
SentenceDedupSignature(folder + "/s", config=config, finder_workers=1).run(documents(), 0, 1)
SentenceFindDedups(folder + "/s", folder + "/d", config=config).run()
left = SentenceDedupFilter(folder + "/d", config=config).run(documents(), 0, 1)
out = open(kept, "w", encoding="utf-8") if kept else None
for document in left:
    if out:
        out.write(json.dumps({"id": document.id, "text": document.text}, ensure_ascii=False) + "\n")
print(time.process_time() - begin)
