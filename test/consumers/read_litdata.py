"""Reads litData folders with its TokensLoader, and writes the rows again with its own writer.

Usage: read_litdata.py BLOCK_SIZE FOLDER... Prints {folder: {"rows", "same"}}; "same" compares the chunks, not index.json, which has a time in it.
"""

import json
import sys
import tempfile
from pathlib import Path

import torch
from litdata import StreamingDataset, TokensLoader
from litdata.streaming.writer import BinaryWriter

block = int(sys.argv[1])
seen = {}
for folder in sys.argv[2:]:
    data = StreamingDataset(folder, item_loader=TokensLoader(block_size=block), shuffle=False)
    rows = [data[i].tolist() for i in range(len(data))]
    with tempfile.TemporaryDirectory() as own:
        writer = BinaryWriter(own, chunk_bytes=1 << 26, item_loader=TokensLoader(block_size=block))
        for i, row in enumerate(rows):
            writer.add_item(i, torch.tensor(row, dtype=torch.int32))
        writer.done()
        chunks = sorted(path.name for path in Path(folder).glob("*.bin"))
        same = chunks == sorted(path.name for path in Path(own).glob("*.bin")) and all(
            (Path(own) / name).read_bytes() == (Path(folder) / name).read_bytes() for name in chunks
        )
    seen[folder] = {"rows": rows, "same": bool(same)}
print(json.dumps(seen))
