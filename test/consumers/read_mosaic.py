"""Reads MDS folders with MosaicML streaming, and writes the rows again with its own writer.

Usage: read_mosaic.py EOS FOLDER... Prints {folder: {"rows", "sequence_ids", "same"}}; sequence ids as llm-foundry derives them.
"""

import json
import sys
import tempfile
from pathlib import Path

import numpy
from streaming import MDSWriter, StreamingDataset

eos = int(sys.argv[1])
seen = {}
for folder in sys.argv[2:]:
    data = StreamingDataset(local=folder, shuffle=False, batch_size=1)
    rows = [data[i]["tokens"] for i in range(len(data))]
    starts = [numpy.cumsum(row == eos) for row in rows]
    sequence_ids = [numpy.concatenate([[0], ids[:-1]]).tolist() for ids in starts]
    with tempfile.TemporaryDirectory() as own:
        with MDSWriter(out=own, columns={"tokens": "ndarray:int32"}, hashes=["sha1"]) as writer:
            for row in rows:
                writer.write({"tokens": numpy.asarray(row, dtype=numpy.int32)})
        names = sorted(path.name for path in Path(own).iterdir())
        same = names == sorted(path.name for path in Path(folder).iterdir()) and all(
            (Path(own) / name).read_bytes() == (Path(folder) / name).read_bytes() for name in names
        )
    seen[folder] = {"rows": [row.tolist() for row in rows], "sequence_ids": sequence_ids, "same": bool(same)}
print(json.dumps(seen))
