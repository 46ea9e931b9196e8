"""Makes test/golden/checkpoints: counters as trainers keep them, written by torch.save. Run from the repository root with torch 2.13."""
import argparse
import json
import os
from collections import OrderedDict

import torch

FOLDER = "test/golden/checkpoints"


def save(path, value):
    os.makedirs(os.path.dirname(f"{FOLDER}/{path}"), exist_ok=True)
    torch.save(value, f"{FOLDER}/{path}")


# Megatron: arguments are a Namespace; tensors and types lie beside the counter.
arguments = argparse.Namespace(
    consumed_train_samples=170, iteration=17, seq_length=64, params_dtype=torch.bfloat16, large=2**40, below=-5, lr=1e-4
)
save("megatron/iter_0000017/common.pt", {"args": arguments, "iteration": 17, "optimizer": {"step": torch.zeros(3)}})
with open(f"{FOLDER}/megatron/latest_checkpointed_iteration.txt", "w") as file:
    file.write("17")

loader = {"dataset_type": "fsl", "tokens_processed": 6400, "batches_processed": 10, "seed": 0, "epoch": 1}
save("olmo-core/train/rank0.pt", {"global_step": 10, "data_loader": loader, "rng": {"cpu": torch.zeros(4)}})

# Composer's timestamp has entries of the same names.
state = {"epoch": 0, "sample_in_epoch": 150, "num_canonical_nodes": 1, "shuffle_seed": 9176, "initial_physical_nodes": 1}
stamp = {"epoch": 7, "sample_in_epoch": 999}
save("composer.pt", {"state": {"timestamp": stamp, "model": OrderedDict(w=torch.zeros(2)), "dataset_state": {"train": state}}})
with open(f"{FOLDER}/mosaic.json", "w") as file:
    json.dump(state, file)

yielded = {0: [20, 70], 1: [10, 50]}
save("litdata.pt", {"dataset": {"0": {}, "1": {}}, "current_epoch": 0, "latest_worker_idx": 0, "num_samples_yielded": yielded})
