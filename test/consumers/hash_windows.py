"""Reads a range of windows with datatrove's own loader and prints hashes of it, for test/consumers/smollm3-mini.mjs to compare.

Usage: hash_windows.py < [{"folder", "sequence_length", "token_bytes", "eos", "start", "end"}, ...]. Prints one JSON list: for each range
the windows its folder has, and sha256 of all token ids (uint32) and of all positions (int32) in it, window after window.
"""

import hashlib
import json
import sys

from datatrove.utils.dataset import DatatroveFolderDataset


def hashes(wanted):
    data = DatatroveFolderDataset(
        wanted["folder"],
        wanted["sequence_length"],
        filename_pattern="*.ds",
        recursive=False,
        token_size=wanted["token_bytes"],
        return_positions=True,
        positions_from_eos_token_id=wanted["eos"],
    )
    ids, positions = hashlib.sha256(), hashlib.sha256()
    for i in range(wanted["start"], wanted["end"]):
        window = data[i]
        ids.update(window["input_ids"].numpy().astype("<u4").tobytes())
        positions.update(window["positions"].numpy().astype("<i4").tobytes())
    return {"windows": len(data), "input_ids": ids.hexdigest(), "positions": positions.hexdigest()}


print(json.dumps([hashes(wanted) for wanted in json.load(sys.stdin)]))
