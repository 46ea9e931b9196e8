"""Reads an export of packed rows with TRL's collator, and its index with docs/examples/read_rows.py.

Usage: read_rows.py PARQUET INDEX_FOLDER STAGE. Prints what the collator makes of all rows, each alone and all as one batch, and the rows of the index.
"""

import json
import sys
from pathlib import Path

import pyarrow.parquet
from trl.trainer.sft_trainer import DataCollatorForLanguageModeling

sys.path.insert(0, str(Path(__file__).parents[2] / "docs" / "examples"))
from read_rows import Rows  # noqa: E402

parquet, folder, stage = sys.argv[1:]
rows = pyarrow.parquet.read_table(parquet).to_pylist()
collate = DataCollatorForLanguageModeling(pad_token_id=0, padding_free=True)


def seen(batch):
    keys = [key for key in ("input_ids", "labels", "position_ids") if key in batch]
    lengths = {"cu_seqlens": batch["cu_seq_lens_q"].tolist()} if "cu_seq_lens_q" in batch else {}
    return {**{key: batch[key][0].tolist() for key in keys}, **lengths}


index = Rows(folder, stage)
print(
    json.dumps(
        {
            "batches": [seen(collate([dict(row)])) for row in rows],
            "whole": seen(collate([dict(row) for row in rows])),
            "index": [{key: value.tolist() for key, value in index[i].items()} for i in range(len(index))],
            "last": index[-1]["input_ids"].tolist(),
        }
    )
)
