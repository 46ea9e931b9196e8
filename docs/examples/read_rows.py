"""Reads an export `row-index`: rows that mix sources, put together from token stores as they are asked for.

    rows = Rows("runs/NAME/exports/row-index", "STAGE")
    rows[0]["input_ids"], rows[0]["labels"], rows[0]["seq_lengths"]

Needs numpy alone. Files are mapped, so nothing is read before it is asked for. As a script it prints rows as JSON lines: read_rows.py FOLDER STAGE.
"""

import json
import sys
from pathlib import Path

import numpy as np

IGNORED = -100


class Rows:
    """A sequence of packed rows."""

    def __init__(self, folder, stage):
        folder = Path(folder)
        facts = json.loads((folder / f"{stage}.json").read_text())
        width = np.uint16 if facts["token_bytes"] == 2 else np.uint32
        self.pieces = np.fromfile(folder / f"{stage}.pieces.u32", "<u4").reshape(-1, 4)
        self.ends = np.fromfile(folder / f"{stage}.ends.u64", "<u8").astype(np.int64)
        files = facts["token_files"]
        self.tokens = [np.memmap(folder / file["tokens"], width, "r") for file in files]
        self.loss = [np.memmap(folder / file["loss"], np.uint8, "r") if "loss" in file else None for file in files]

    def __len__(self):
        return len(self.ends)

    def __getitem__(self, row):
        if not -len(self) <= row < len(self):
            raise IndexError(row)
        row %= len(self)
        ids, labels, lengths = [], [], []
        for file, first, count, begins in self.pieces[self.ends[row - 1] if row else 0 : self.ends[row]].tolist():
            piece = self.tokens[file][first : first + count].astype(np.int64)
            trained = np.ones(count, bool) if self.loss[file] is None else self.loss[file][first : first + count] == 1
            if begins:
                # Nothing stands before the first token of a sequence that could predict it.
                trained = trained.copy()
                trained[0] = False
                lengths.append(count)
            else:
                lengths[-1] += count
            ids.append(piece)
            labels.append(np.where(trained, piece, IGNORED))
        return {"input_ids": np.concatenate(ids), "labels": np.concatenate(labels), "seq_lengths": np.array(lengths)}


if __name__ == "__main__":
    for values in Rows(*sys.argv[1:]):
        print(json.dumps({name: column.tolist() for name, column in values.items()}))
