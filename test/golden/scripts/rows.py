"""Orders of rows by numpy, datasets and TRL: what a shuffle, a split, a mixture and each packer make of small inputs.

Usage: rows.py > ../rows/numpy.json   (numpy 2.4.6, datasets 5.2.0, trl 1.16.0)
"""

import json

import datasets
import numpy as np
import pyarrow as pa
import trl
from trl.data_utils import pack_dataset

datasets.disable_progress_bars()


def words(seed):
    sequence = np.random.SeedSequence(seed)
    raw = np.random.PCG64(seed).random_raw(8)
    return {
        "seed": seed,
        "seedsequence_u32x8": sequence.generate_state(8, np.uint32).tolist(),
        "raw_u64": [str(word) for word in raw],
        "permutation10": np.random.default_rng(seed).permutation(10).tolist(),
    }


def rows(n):
    return datasets.Dataset.from_dict({"row": list(range(n))})


def split(n, size, seed):
    parts = rows(n).train_test_split(test_size=size, seed=seed)
    return {"n": n, "test_size": size, "seed": seed, "train": parts["train"]["row"][:], "test": parts["test"]["row"][:]}


def handbook(sizes, weights, seed):
    """As the alignment-handbook mixes: a shuffled fraction of each set, concatenated, shuffled."""
    parts = []
    for index, (n, weight) in enumerate(zip(sizes, weights)):
        part = datasets.Dataset.from_dict({"set": [index] * n, "row": list(range(n))})
        parts.append(part.shuffle(seed=seed).select(range(int(len(part) * weight))))
    mixed = datasets.concatenate_datasets(parts).shuffle(seed=seed)
    return {"sizes": sizes, "weights": weights, "seed": seed, "rows": list(zip(mixed["set"][:], mixed["row"][:]))}


def trl_rows(sizes, fractions):
    """The rule of trl.scripts.utils.get_dataset."""
    weights = [fraction / sum(fractions) for fraction in fractions]
    total = min(n / weight for n, weight in zip(sizes, weights) if weight > 0)
    return {"sizes": sizes, "fractions": fractions, "rows_kept": [round(weight * total) for weight in weights]}


def packed(lengths, max_length, strategy, num_proc, batch):
    data = datasets.Dataset.from_dict({"input_ids": make_ids(lengths)})
    kwargs = {"batch_size": batch, **({"num_proc": num_proc} if num_proc > 1 else {})}
    out = pack_dataset(data, max_length, strategy, kwargs)
    return {
        "lengths": lengths,
        "max_length": max_length,
        "strategy": strategy,
        "num_proc": num_proc,
        "batch_rows": batch,
        "input_ids": out["input_ids"][:],
        **({"seq_lengths": out["seq_lengths"][:]} if "seq_lengths" in out.column_names else {}),
    }


def make_ids(lengths):
    ids, at = [], 0
    for length in lengths:
        ids.append(list(range(at, at + length)))
        at += length
    return ids


rng = np.random.default_rng(7)
some = rng.integers(1, 14, 23).tolist()
golden = {
    "made_by": f"numpy {np.__version__}, datasets {datasets.__version__}, trl {trl.__version__}",
    "words": [words(seed) for seed in (0, 1, 42, 2**32 - 1, 2**32, 2**40 + 7, 2**53 - 1)],
    "shuffle": [
        {"n": n, "seed": seed, "order": rows(n).shuffle(seed=seed)["row"][:]}
        for n in (1, 2, 3, 7, 33, 100)
        for seed in (0, 42, 2**40 + 7)
    ],
    "train_test_split": [split(11, 0.2, 0), split(11, 4, 42), split(100, 0.29, 1)],
    "handbook": [
        handbook([6, 5, 4], [1.0, 0.5, 0.3], 0),
        handbook([5, 5], [1.0, 0.4], 42),
        handbook([3, 100], [1, 0.29], 6),
    ],
    "trl": [
        trl_rows([100, 50, 10], [0.5, 0.3, 0.2]),
        trl_rows([9, 4, 11], [0.21, 0.33, 0.46]),
        trl_rows([5, 10], [0.5, 0.5]),
        trl_rows([7, 3, 8], [1, 0, 2]),
        trl_rows([5, 5, 5], [0.5, 0.25, 0.25]),
    ],
    "packing": [
        packed(some, capacity, strategy, num_proc, batch)
        for strategy in ("bfd", "bfd_split", "wrapped")
        for capacity in (8, 11)
        for num_proc, batch in ((1, 1000), (1, 5), (3, 4))
    ],
}
print(json.dumps(golden))
