"""Writes test/golden/megatron/order.json: numpy's legacy shuffle, and the samples of megatron-core's own index builders.

Usage: python test/golden/scripts/megatron-order.py > test/golden/megatron/order.json. Needs numpy and megatron-core with its compiled helpers (0.16.1).
"""

import hashlib
import json

import numpy
from megatron.core.datasets import helpers
from megatron.core.datasets.gpt_dataset import _build_document_index, _build_shuffle_index

shuffles = []
for count, seed in [(1, 0), (2, 1), (10, 1234), (100, 42), (65_537, 4_294_967_295), (1_000_000, 7)]:
    order = numpy.arange(count, dtype=numpy.int32)
    numpy.random.RandomState(seed).shuffle(order)
    case = {"count": count, "seed": seed}
    if count <= 100:
        case["order"] = order.tolist()
    else:
        case["sha256_u32le"] = hashlib.sha256(order.astype("<u4").tobytes()).hexdigest()
    shuffles.append(case)

random = numpy.random.RandomState(3)
orders = []
for samples, seed in [(5, 1234), (40, 1234), (52, 7), (83, 5), (130, 99)]:
    lengths = random.randint(1, 30, size=23).astype(numpy.int32)
    sequence_length = 8
    # As GPTDataset._build_document_sample_shuffle_indices.
    per_epoch = int(lengths.sum())
    epochs = 1
    while epochs * per_epoch < samples * sequence_length + 1:
        epochs += 1
    before = ((epochs - 1) * per_epoch - 1) // sequence_length
    apart = epochs > 1 and samples - before < int(0.80 * ((per_epoch - 1) // sequence_length))
    state = numpy.random.RandomState(seed)
    documents = _build_document_index(numpy.arange(len(lengths), dtype=numpy.int32), epochs, state, apart)
    index = helpers.build_sample_idx(lengths, documents, sequence_length, epochs, per_epoch, True, 1)
    count = index.shape[0] - 1
    shuffled = _build_shuffle_index(before if apart else count, count, state)
    pieces = []
    for sample in shuffled.tolist():
        (first, offset), (last, end) = index[sample].tolist(), index[sample + 1].tolist()
        found = []
        for position in range(first, last + 1):
            document = int(documents[position])
            start = offset if position == first else 0
            stop = end + 1 if position == last else int(lengths[document])
            if stop > start:
                found.append([document, start, stop - start])
        pieces.append(found)
    orders.append(
        {
            "lengths": lengths.tolist(),
            "sequence_length": sequence_length,
            "samples": samples,
            "seed": seed,
            "epochs": epochs,
            "apart": bool(apart),
            "pieces": pieces,
        }
    )

print(json.dumps({"shuffles": shuffles, "orders": orders}, separators=(",", ":")))
