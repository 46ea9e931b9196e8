"""Reads raw ids with OLMo-core: document bounds from CSV and from EOS, rows with document lengths and labels, and the mixture.

Usage: read_olmo.py MIXTURE_YAML SEQUENCE_LENGTH EOS VOCABULARY. Paths in the YAML are relative to the working directory. Prints {"bounds",
"rows", "mixture_rows"}.
"""

import json
import sys
import tempfile

import numpy
import torch
import yaml
from olmo_core.data import NumpyFSLDataset
from olmo_core.data.source_mixture import SourceMixtureConfig, SourceMixtureDatasetConfig, SourceMixtureList
from olmo_core.data.utils import get_labels, iter_document_indices

path, length, eos, vocabulary = sys.argv[1], *map(int, sys.argv[2:])
config = yaml.safe_load(open(path))
sources = config["source_list"]["sources"]
paths = [path for source in sources for path in source["paths"]]
bounds = {}
for path in paths:
    bounds[path] = {
        "csv": [list(map(int, pair)) for pair in iter_document_indices(path, use_array_if_local=False)],
        "eos": [list(map(int, pair)) for pair in iter_document_indices(path, eos_token_id=eos, dtype=numpy.uint32)],
    }
data = NumpyFSLDataset(
    *paths,
    sequence_length=length,
    pad_token_id=eos,
    eos_token_id=eos,
    vocab_size=vocabulary,
    dtype=numpy.uint32,
    generate_doc_lengths=True,
    label_mask_paths=config["label_mask_paths"],
    include_instance_metadata=False,
)
rows = []
with tempfile.TemporaryDirectory() as work:
    data.work_dir = work
    data.prepare()
    for i in range(len(data)):
        item = data[i]
        batch = {key: item[key].unsqueeze(0) for key in ("input_ids", "label_mask")}
        rows.append(
            {
                "input_ids": item["input_ids"].tolist(),
                "doc_lens": item["doc_lens"].tolist(),
                "labels": get_labels(batch)[0].tolist(),
            }
        )
mixture = SourceMixtureDatasetConfig(
    source_list=SourceMixtureList(sources=[SourceMixtureConfig(**source) for source in sources]),
    requested_tokens=config["requested_tokens"],
    global_batch_size=config["global_batch_size"],
    render_tables=False,
).build(npdtype=numpy.uint32, sequence_length=length)
taken = {source.name: sum(part.tokens for part in source.path_tokens) // length for source in mixture.sources}
print(json.dumps({"bounds": bounds, "rows": rows, "mixture_rows": taken}))
