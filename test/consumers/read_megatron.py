"""Reads `.bin`/`.idx` prefixes with megatron-core and prints what it sees, and whether its own builder writes the same bytes.

Usage: read_megatron.py FOLDER SEQUENCES_JSON PREFIX... Prints {prefix: {"lengths", "documents", "tokens", "tail", "same_index"}}; "tail"
is the last sequence read by offset, without its first token. Each prefix is opened twice: by its header and by the counts.
"""

import json
import sys
import tempfile
from pathlib import Path

import numpy
import torch
from megatron.core.datasets.indexed_dataset import DType, IndexedDataset, IndexedDatasetBuilder

folder, counts = Path(sys.argv[1]), json.loads(Path(sys.argv[2]).read_text())
seen = {}
for prefix in sys.argv[3:]:
    data = IndexedDataset(str(folder / prefix))
    dtype = data.index.dtype
    by_count = IndexedDataset(
        str(folder / prefix), sequences_per_dataset=tuple(counts[prefix]), dtype_code=DType.code_from_dtype(dtype)
    )
    documents = [data[i].tolist() for i in range(len(data))]
    assert documents == [by_count[i].tolist() for i in range(len(by_count))]
    assert data.document_indices.tolist() == by_count.document_indices.tolist()
    with tempfile.TemporaryDirectory() as temporary:
        own = Path(temporary) / "own"
        builder = IndexedDatasetBuilder(f"{own}.bin", dtype=dtype)
        for document in documents:
            builder.add_document(torch.tensor(document), [len(document)])
        builder.finalize(f"{own}.idx")
        same = all(
            Path(f"{own}{suffix}").read_bytes() == (folder / f"{prefix}{suffix}").read_bytes()
            for suffix in (".bin", ".idx")
        )
    last = len(data) - 1
    seen[prefix] = {
        "lengths": data.sequence_lengths.tolist(),
        "documents": data.document_indices.tolist(),
        "tokens": documents,
        "tail": data.get(last, offset=1, length=len(documents[last]) - 1).tolist() if len(documents[last]) > 1 else [],
        "same": bool(same),
        "dtype": numpy.dtype(dtype).name,
    }
print(json.dumps(seen))
