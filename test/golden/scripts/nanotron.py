"""Makes test/golden/nanotron/*.json: token counts as humanize prints them, positions as datatrove reads them, and nanotron's blend.

Needs numpy, torch, humanize and datatrove 0.10.0. Run from the repository root: python test/golden/scripts/nanotron.py
"""

import json
import random
import struct
import tempfile
from pathlib import Path

import humanize
import numpy as np
from datatrove.utils.dataset import DatatroveFolderDataset

OUT = Path("test/golden/nanotron")
FIXTURE = [[10, 11, 12, 2], [20, 2], [30, 31, 2, 32, 33, 34, 2], [70000, 41, 42, 43, 44, 2], [50, 2]]


def write(name, value):
    (OUT / name).write_text(json.dumps(value, separators=(",", ":")) + "\n")


def humanized():
    counts = [0, 1, 7, 21, 999, 1000, 9994, 9995, 9996, 99950, 99949, 122500, 123500, 999499, 999500, 999999, 12250, 12350]
    counts += [1125, 1135, 10005, 2**31, 10**12 - 1, 10**12, 2**53 - 1]
    draw = random.Random(6)
    counts += [draw.randrange(10 ** draw.randrange(1, 15)) for _ in range(300)]
    write("humanize.json", [[count, humanize.metric(count, unit="T")] for count in counts])


def positions():
    with tempfile.TemporaryDirectory() as folder:
        tokens = [token for document in FIXTURE for token in document]
        Path(folder, "x.ds").write_bytes(struct.pack(f"<{len(tokens)}I", *tokens))
        ends = np.cumsum([len(document) for document in FIXTURE]).tolist()
        Path(folder, "x.ds.index").write_bytes(struct.pack(f"<{len(ends)}Q", *ends))
        rows = {}
        for name, eos in (("index", None), ("eos", 2)):
            data = DatatroveFolderDataset(
                folder, 4, filename_pattern="*.ds", token_size=4, return_positions=True, positions_from_eos_token_id=eos
            )
            rows[name] = [data[i]["positions"].tolist() for i in range(len(data))]
        write("positions.json", rows)


def blend():
    # The rule of nanotron's index helper: float64, argmax with the lowest index on a tie, sample 0 counted as 1.
    cases = []
    draw = random.Random(6)
    lists = [[0.5, 0.5], [1, 1, 1], [0.85, 0.15], [0.333, 0.37, 0.12, 0.1, 0.08265], [3, 0, 1]]
    lists += [[draw.random() for _ in range(draw.randrange(2, 40))] for _ in range(6)]
    for weights in lists:
        shares = np.array(weights, dtype=np.float64)
        shares = shares / np.sum(shares)
        taken = np.zeros(len(weights), dtype=np.int64)
        at = {}
        for sample in range(2000):
            taken[np.argmax(shares * max(sample, 1.0) - taken)] += 1
            if sample + 1 in (1, 2, 7, 100, 1999, 2000):
                at[sample + 1] = taken.tolist()
        cases.append({"weights": weights, "taken": at})
    write("blend.json", cases)


humanized()
positions()
blend()
