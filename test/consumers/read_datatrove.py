"""Reads token files with datatrove's own loader and prints what it sees, for test/consumers/run.mjs to compare.

Usage: read_datatrove.py FOLDER SEQUENCE_LENGTH TOKEN_BYTES EOS. Prints one JSON object: per way of deriving positions ("eos",
"index") the list of windows, each {"input_ids": [...], "positions": [...]}.
"""

import json
import sys

from datatrove.utils.dataset import DatatroveFolderDataset

folder, sequence_length, token_bytes, eos = sys.argv[1], *map(int, sys.argv[2:])
seen = {}
for name, eos_id in (("eos", eos), ("index", None)):
    data = DatatroveFolderDataset(
        folder,
        sequence_length,
        filename_pattern="*.ds",
        recursive=False,
        token_size=token_bytes,
        return_positions=True,
        positions_from_eos_token_id=eos_id,
    )
    windows = [data[i] for i in range(len(data))]
    seen[name] = [{key: window[key].tolist() for key in ("input_ids", "positions")} for window in windows]
print(json.dumps(seen))
