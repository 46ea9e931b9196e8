"""What TRL's SFTTrainer makes of small chats: mixed, tokenized with its mask, packed. The trainer itself prepares the data; nothing is trained.

Usage: trl-chats.py ../rows   (torch 2.13, trl 1.16.0, transformers, datasets 5.2.0, tokenizers). Writes tokenizer.json, chats.json, trl-chats.json.
"""

import hashlib
import json
import random
import sys
from pathlib import Path

import datasets
import numpy as np
import trl
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import GPT2Config, GPT2LMHeadModel, PreTrainedTokenizerFast
from trl import SFTConfig, SFTTrainer

datasets.disable_progress_bars()
out = Path(sys.argv[1])
SPECIAL = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
TEMPLATE = (
    "{%- for message in messages %}{%- if not loop.first %}{{ '\\n' }}{%- endif %}{{ '<|im_start|>' + message.role + '\\n' }}"
    "{%- if message.role == 'assistant' %}{% generation %}{{ message.content + '<|im_end|>' }}{% endgeneration %}"
    "{%- else %}{{ message.content + '<|im_end|>' }}{%- endif %}{%- endfor %}"
)
WORDS = "the a river of mountain people water light système число 数据 window token shard batch paper café result value and to in is".split()


def chats(seed, rows, most_turns, most_words):
    rng = random.Random(seed)

    def words():
        return " ".join(rng.choice(WORDS) for _ in range(rng.randint(1, most_words))) + rng.choice([".", "?", "!\n", ""])

    made = []
    for row in range(rows):
        messages = [{"role": "system", "content": words()}] if rng.random() < 0.4 else []
        for _ in range(rng.randint(1, most_turns)):
            messages += [{"role": "user", "content": words()}, {"role": "assistant", "content": words()}]
        made.append(messages)
    return made


sources = {"short": chats(1, 37, 1, 8), "long": chats(2, 23, 5, 25), "even": chats(3, 37, 2, 12)}


def text(messages):
    return "\n".join(f"<|im_start|>{m['role']}\n{m['content']}<|im_end|>" for m in messages)


bpe = Tokenizer(models.BPE())
bpe.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True)
bpe.decoder = decoders.ByteLevel()
alphabet = pre_tokenizers.ByteLevel.alphabet()
trainer = trainers.BpeTrainer(vocab_size=420, special_tokens=SPECIAL, initial_alphabet=alphabet, show_progress=False)
bpe.train_from_iterator([text(chat) for chat in sources["even"]], trainer)
out.mkdir(parents=True, exist_ok=True)
bpe.save(str(out / "tokenizer.json"), pretty=False)
tokenizer = PreTrainedTokenizerFast(tokenizer_object=bpe, eos_token="<|im_end|>", pad_token="<|endoftext|>")
tokenizer.chat_template = TEMPLATE


def mixed(rule, fractions, seed):
    sets = [datasets.Dataset.from_dict({"messages": sources[name]}) for name in fractions]
    if rule == "handbook":
        parts = [data.shuffle(seed=seed).select(range(int(len(data) * f))) for data, f in zip(sets, fractions.values())]
        return datasets.concatenate_datasets(parts).shuffle(seed=seed)
    weights = [f / sum(fractions.values()) for f in fractions.values()]
    total = min(len(data) / w for data, w in zip(sets, weights) if w > 0)
    return datasets.concatenate_datasets([d.select(range(round(w * total))) for d, w in zip(sets, weights)])


def sha(values):
    return hashlib.sha256(np.array(values, dtype="<i4").tobytes()).hexdigest()


def collated(rows):
    """Labels of all rows as the padding-free collator leaves them: none where a position is 0."""
    labels = [list(row) for row in rows["labels"]]
    for row, lengths in zip(labels, rows.get("seq_lengths") or [[len(row)] for row in labels]):
        for start in np.cumsum([0, *lengths[:-1]]):
            row[start] = -100
    return sum(labels, [])


def prepared(rule, fractions, seed, max_length, strategy, shuffle_seed=None):
    config = GPT2Config(vocab_size=len(tokenizer), n_positions=64, n_embd=8, n_layer=1, n_head=1)
    args = SFTConfig(
        output_dir="/tmp/trl-chats",
        packing=True,
        packing_strategy=strategy,
        max_length=max_length,
        assistant_only_loss=True,
        shuffle_dataset=shuffle_seed is not None,
        seed=shuffle_seed or 0,
        report_to=[],
        bf16=False,
        use_cpu=True,
    )
    data = mixed(rule, fractions, seed)
    made = SFTTrainer(GPT2LMHeadModel(config), args, train_dataset=data, processing_class=tokenizer).train_dataset
    rows = made[:]
    return {
        "rule": rule,
        "fractions": fractions,
        "seed": seed,
        "max_length": max_length,
        "strategy": strategy,
        **({} if shuffle_seed is None else {"shuffle_seed": shuffle_seed}),
        "rows": len(made),
        "first": rows["input_ids"][0],
        "row_lengths": [len(ids) for ids in rows["input_ids"]],
        "input_ids_sha256": sha(sum(rows["input_ids"], [])),
        "labels_sha256": sha(labels := collated(rows)),
        "supervised": sum(label != -100 for label in labels),
        **({"seq_lengths": rows["seq_lengths"]} if "seq_lengths" in rows else {}),
    }


handbook = {"short": 0.5, "long": 1.0, "even": 0.3}
cases = [
    prepared("handbook", handbook, 0, 128, "bfd"),
    prepared("handbook", {"even": 1.0, "short": 1.0}, 42, 64, "bfd"),
    prepared("handbook", handbook, 6, 48, "bfd_split"),
    prepared("handbook", handbook, 0, 100, "wrapped"),
    prepared("trl", {"short": 0.2, "long": 0.3, "even": 0.5}, 0, 96, "bfd"),
    prepared("handbook", handbook, 0, 128, "bfd", shuffle_seed=42),
]
(out / "chats.json").write_text(json.dumps(sources, ensure_ascii=False) + "\n")
(out / "trl-chats.json").write_text(json.dumps({"made_by": f"trl {trl.__version__}", "cases": cases}) + "\n")
