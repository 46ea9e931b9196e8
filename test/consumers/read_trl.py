"""Reads packed Parquet with pyarrow and collates it with TRL's padding-free collator.

Usage: read_trl.py FILE... Prints {"rows": [...], "batch": {...}}: every row as stored, and what one batch of all rows becomes.
"""

import json
import sys

import pyarrow.parquet
from trl.trainer.sft_trainer import DataCollatorForLanguageModeling

rows = [row for path in sys.argv[1:] for row in pyarrow.parquet.read_table(path).to_pylist()]
batch = DataCollatorForLanguageModeling(pad_token_id=0, padding_free=True)(rows)
keys = ("input_ids", "labels", "position_ids")
seen = {key: batch[key][0].tolist() for key in keys}
if "cu_seq_lens_q" in batch:
    seen["cu_seqlens"] = batch["cu_seq_lens_q"].tolist()
print(json.dumps({"rows": rows, "batch": seen}))
