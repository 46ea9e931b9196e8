"""A tiny model with random weights behind a real server of the OpenAI chat protocol: `transformers serve`, on the CPU, with nothing downloaded.

    python serve_tiny.py TOKENIZER_JSON FOLDER PORT

Prints `skip: WHY` and exits 77 where a package is missing. It says nothing sensible; whom it is told that is not its concern.
"""

import os
import sys

os.environ.update(HF_HUB_OFFLINE="1", CUDA_VISIBLE_DEVICES="")

try:
    import fastapi  # noqa: F401
    import torch
    import uvicorn  # noqa: F401
    from transformers import GenerationConfig, LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast
    from transformers.cli.transformers import main
except ImportError as error:
    print(f"skip: {error}")
    sys.exit(77)

TEMPLATE = (
    "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)


def make(tokenizer_file: str, folder: str) -> None:
    torch.manual_seed(0)
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_file=tokenizer_file, eos_token="<|im_end|>", pad_token="<|im_end|>", chat_template=TEMPLATE
    )
    end = tokenizer.eos_token_id
    config = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=2048,
        bos_token_id=None,
        eos_token_id=end,
        pad_token_id=end,
    )
    model = LlamaForCausalLM(config)
    model.generation_config = GenerationConfig(eos_token_id=end, pad_token_id=end)
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)


tokenizer_file, folder, port = sys.argv[1:]
make(tokenizer_file, folder)
sys.argv = ["transformers", "serve", folder, "--device", "cpu", "--host", "127.0.0.1", "--port", port]
main()
