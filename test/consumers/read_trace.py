"""Hands out the sequences of training steps with the trainers' own loaders, for test/consumers/trace.mjs to compare.

Usage: read_trace.py nanotron|megatron < JSON. Prints {"sequences": [[id, ...], ...], "ranks": [[[sample, ...], ...], ...]}: every sample of the
stage in order, and by rank its micro-batches.

nanotron: {"stages": [{"folders", "weights", "samples"}, ...], "sequence_length", "token_bytes", "data_parallel", "micro_batch"}; the last stage
is meant, and reads on where the others left its folders. Its blend is numpy's arithmetic of nanotron's rule, folders are read by datatrove.
megatron: {"blend", "sequence_length", "samples", "seed", "split", "vocab_size", "eos", "data_parallel", "micro_batch"}, read by megatron-core's builder.
"""

import json
import sys

import numpy


def blend(weights, samples):
    """nanotron's build of its blended data set: the source furthest behind its share gives the next sample."""
    shares = numpy.array(weights, dtype=numpy.float64)
    shares /= numpy.sum(shares)
    taken = numpy.zeros(len(weights), dtype=numpy.int64)
    order = []
    for sample in range(samples):
        source = int(numpy.argmax(shares * max(sample, 1) - taken))
        order.append((source, int(taken[source])))
        taken[source] += 1
    return order, taken


def nanotron(asked):
    from datatrove.utils.dataset import DatatroveFolderDataset
    from torch.utils.data import BatchSampler
    from torch.utils.data.distributed import DistributedSampler

    length = asked["sequence_length"]
    consumed = {}
    for stage in asked["stages"]:
        starts = dict(consumed)
        order, taken = blend(stage["weights"], stage["samples"])
        for folder, count in zip(stage["folders"], taken.tolist()):
            consumed[folder] = consumed.get(folder, 0) + count
    stage = asked["stages"][-1]
    data = [
        DatatroveFolderDataset(folder, length, filename_pattern="*.ds", recursive=False, token_size=asked["token_bytes"])
        for folder in stage["folders"]
    ]
    sequences = [
        data[source][starts.get(stage["folders"][source], 0) + turn]["input_ids"].tolist() for source, turn in order
    ]
    count, micro = asked["data_parallel"], asked["micro_batch"]
    ranks = [
        list(BatchSampler(DistributedSampler(range(len(sequences)), count, rank, shuffle=False, drop_last=True), micro, True))
        for rank in range(count)
    ]
    return {"sequences": sequences, "ranks": ranks}


def megatron(asked):
    from megatron.core.datasets.blended_megatron_dataset_builder import BlendedMegatronDatasetBuilder
    from megatron.core.datasets.gpt_dataset import GPTDataset, GPTDatasetConfig
    from megatron.core.datasets.utils import get_blend_from_list

    class Tokenizer:
        vocab_size = asked["vocab_size"]
        eod = asked["eos"]
        unique_identifiers = {}

    config = GPTDatasetConfig(
        random_seed=asked["seed"],
        sequence_length=asked["sequence_length"],
        blend=get_blend_from_list(asked["blend"].split()),
        split=asked["split"],
        tokenizer=Tokenizer(),
        reset_position_ids=False,
        reset_attention_mask=False,
        eod_mask_loss=False,
        create_attention_mask=False,
    )
    samples = asked["samples"]
    data = BlendedMegatronDatasetBuilder(GPTDataset, [samples, 0, 0], lambda: True, config).build()[0]
    sequences = []
    for sample in range(samples):
        row = data[sample]
        sequences.append(row["tokens"].tolist() + row["labels"].tolist()[-1:])
    return {"sequences": sequences, "ranks": megatron_ranks(asked, samples)}


def megatron_ranks(asked, samples):
    """None where the sampler, which megatron-core does not hold, is not there."""
    try:
        from megatron.bridge.data.samplers import MegatronPretrainingSampler
    except Exception:
        return None
    count, micro = asked["data_parallel"], asked["micro_batch"]
    return [list(MegatronPretrainingSampler(samples, 0, micro, rank, count)) for rank in range(count)]


print(json.dumps({"nanotron": nanotron, "megatron": megatron}[sys.argv[1]](json.load(sys.stdin))))
