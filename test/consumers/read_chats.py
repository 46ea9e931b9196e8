"""Reads chats with the code of those who train on them. Usage: read_chats.py READER JOB.json; prints JSON.

A job names the files: `messages` (the output, Parquet), `tokenizer` (tokenizer.json), `template` (chat template), `trl` and `bridge` (packed rows, Parquet),
`eos`, `pack_size`. A reader prints sequences `{ids, supervised}`, `supervised` being the positions of ids that are trained on.
"""

import importlib
import json
import os
import sys
import types
from pathlib import Path

reader, job = sys.argv[1], json.loads(Path(sys.argv[2]).read_text())


def tokenizer():
    from transformers import PreTrainedTokenizerFast

    fast = PreTrainedTokenizerFast(tokenizer_file=job["tokenizer"], eos_token=job["eos"], pad_token=job["eos"])
    fast.chat_template = Path(job["template"]).read_text()
    return fast


def rows():
    from datasets import load_dataset

    return load_dataset("parquet", data_files=job["messages"], split="train")


def sequence(ids, labels):
    return {"ids": list(map(int, ids)), "supervised": [i for i, label in enumerate(labels) if label != -100]}


def packages(root, *names):
    """Packages whose own __init__ loads models that no data set needs: their modules are found, their __init__ is not run."""
    for name in names:
        package = types.ModuleType(name)
        package.__path__ = [str(Path(root, *name.split(".")))]
        sys.modules[name] = package


def stand_in(name, **values):
    """A module of model code of which a data set only wants these names."""
    module = types.ModuleType(name)
    vars(module).update(values)
    sys.modules[name] = module


def open_instruct():
    from open_instruct.dataset_transformation import sft_tulu_tokenize_and_truncate_v1

    own = tokenizer()
    made = [sft_tulu_tokenize_and_truncate_v1(dict(row), own, 1 << 20) for row in rows()]
    return [sequence(row["input_ids"], list(map(int, row["labels"]))) for row in made]


def trl():
    """TRL's trainer prepares the data set: it masks by markers, so its template is the same with markers around what an assistant says."""
    import tempfile

    from transformers import GPT2Config, GPT2LMHeadModel
    from trl import SFTConfig, SFTTrainer

    own = tokenizer()
    plain = own.chat_template
    own.chat_template = (
        "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\\n' }}"
        "{% if message['role'] == 'assistant' %}{% generation %}{{ message['content'] + '<|im_end|>\\n' }}{% endgeneration %}"
        "{% else %}{{ message['content'] + '<|im_end|>\\n' }}{% endif %}{% endfor %}"
    )
    data = rows()
    for row in data:
        marked = own.apply_chat_template(row["messages"], tokenize=False)
        assert marked == own.apply_chat_template(row["messages"], chat_template=plain, tokenize=False)
    model = GPT2LMHeadModel(GPT2Config(vocab_size=len(own), n_positions=64, n_embd=8, n_layer=1, n_head=1))
    with tempfile.TemporaryDirectory() as folder:
        args = SFTConfig(output_dir=folder, packing=False, max_length=None, assistant_only_loss=True, report_to=[], bf16=False, use_cpu=True)
        made = SFTTrainer(model, args, train_dataset=data, processing_class=own).train_dataset
    return [sequence(row["input_ids"], row["labels"]) for row in made]


def axolotl():
    from axolotl.prompt_strategies.chat_template import ChatTemplatePrompter, ChatTemplateStrategy

    own = tokenizer()
    prompter = ChatTemplatePrompter(own, chat_template=own.chat_template, max_length=1 << 20)
    strategy = ChatTemplateStrategy(
        prompter, tokenizer=own, train_on_inputs=False, sequence_len=1 << 20, roles_to_train=["assistant"],
        train_on_eos="turn", train_on_eot="turn", eot_tokens=[job["eos"]],
    )
    made = [strategy.tokenize_prompt(dict(row)) for row in rows()]
    return [sequence(row["input_ids"], row["labels"]) for row in made]


def axolotl_packed():
    """Pre-tokenized rows through axolotl's collator for packed samples: attention masks number the sequences, positions restart."""
    import pyarrow.parquet
    from axolotl.utils.collators.batching import V2BatchSamplerDataCollatorForSeq2Seq

    own = tokenizer()
    collate = V2BatchSamplerDataCollatorForSeq2Seq(own, label_pad_token_id=-100, padding=True, return_tensors="pt")
    table = pyarrow.parquet.read_table(job["trl"]).to_pylist()
    keys = ["input_ids", "labels", "attention_mask", "position_ids"]
    found = []
    for row in table:
        batch = {key: value[0].tolist() for key, value in collate([[{key: row[key] for key in keys}]]).items()}
        starts = [i for i, position in enumerate(batch["position_ids"]) if position == 0] + [len(batch["input_ids"])]
        for start, end in zip(starts, starts[1:]):
            assert batch["position_ids"][start:end] == list(range(end - start))
            found.append(sequence(batch["input_ids"][start:end], batch["labels"][start:end]))
    return found


def verl():
    # Of the model code only a function for images.
    stand_in("verl.models.transformers.qwen2_vl", get_rope_index=None)
    from omegaconf import OmegaConf
    from verl.utils.dataset.multiturn_sft_dataset import MultiTurnSFTDataset

    stdout, sys.stdout = sys.stdout, sys.stderr
    try:
        config = OmegaConf.create({"pad_mode": "no_padding", "max_length": 1 << 20, "truncation": "error"})
        data = MultiTurnSFTDataset(job["messages"], tokenizer(), config)
        made = [data[i] for i in range(len(data))]
    finally:
        sys.stdout = stdout
    return [sequence(row["input_ids"], [0 if kept else -100 for kept in row["loss_mask"].tolist()]) for row in made]


def bridge():
    """Megatron-Bridge's packed data set and its collator. Its positions predict: one less a sequence than there are ids."""
    root = next(
        path for path in [os.environ.get("SHARDMILL_BRIDGE", ""), *sys.path] if Path(path, "megatron/bridge").is_dir()
    )
    import megatron.core  # noqa: F401  before the names below hide its siblings

    sys.modules["megatron"].__path__ = [*sys.modules["megatron"].__path__, str(Path(root, "megatron"))]
    names = ["", ".data", ".data.datasets", ".data.packing", ".data.collators", ".training", ".training.tokenizers", ".utils"]
    packages(root, *[f"megatron.bridge{name}" for name in names])
    stand_in("megatron.bridge.training.tokenizers.tokenizer", MegatronTokenizer=object)
    stand_in("megatron.bridge.utils.common_utils", get_local_rank_preinit=lambda: 0)
    module = importlib.import_module("megatron.bridge.data.packing.parquet")
    ids = types.SimpleNamespace(eos_id=job["eos_id"], eod=job["eos_id"], bos_id=None, pad_id=job["eos_id"])
    data = module.GPTSFTPackedParquetDataset(job["bridge"], ids, max_seq_length=job["pack_size"], pad_to_max_length=True, prompt_template="{text} {answer}")
    found = []
    for i in range(len(data)):
        batch = data.collate_fn([data[i]])
        tokens, labels, mask, position = (batch[key][0].tolist() for key in ("tokens", "labels", "loss_mask", "position_ids"))
        ends = [end for end in batch["cu_seqlens"][0].tolist()] if "cu_seqlens" in batch else batch["cu_seqlens_q"][0].tolist()
        for start, end in zip(ends, ends[1:]):
            if start >= batch["token_count"][0] or start == end:
                continue
            assert position[start:end] == list(range(end - start))
            assert tokens[start + 1 : end] == labels[start : end - 1]
            supervised = [-100, *(0 if trained else -100 for trained in mask[start:end])]
            found.append(sequence([*tokens[start:end], labels[end - 1]], supervised))
    return found


print(json.dumps({"sequences": {f.__name__: f for f in (open_instruct, trl, axolotl, axolotl_packed, verl, bridge)}[reader]()}))
