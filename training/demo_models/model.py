"""A tiny vision-language model with a real architecture (Gemma 3), its tokenizer and its processor."""

from __future__ import annotations

from collections.abc import Iterable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import torch
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import (
    Gemma3Config,
    Gemma3ForConditionalGeneration,
    Gemma3Processor,
    Gemma3TextConfig,
    PreTrainedTokenizerFast,
    SiglipVisionConfig,
)
from transformers.models.gemma3.image_processing_pil_gemma3 import Gemma3ImageProcessorPil

SPECIAL = (
    "<pad>",
    "<eos>",
    "<bos>",
    "<unk>",
    "<start_of_turn>",
    "<end_of_turn>",
    "<start_of_image>",
    "<end_of_image>",
    "<image_soft_token>",
)
UNKNOWN = "<unk>"
FORMAT_WORDS = ("<think>", "</think>", "<answer>", "</answer>")
IMAGE_SIDE = 56
IMAGE_TOKENS = 4
CONTEXT = 4096
QUERY_HEADS, KEY_HEADS, HEAD_SIZE = 4, 2, 16
# The first layer sees four tokens only, so that an option's text learns its letter at once.
LOCAL_WINDOW = 4
# Slow rotations: attention starts as matching by content, almost without regard to distance.
ROPE_THETA = 1e8


def chat_template() -> str:
    """Return Gemma 3's chat template as TRL ships it; TRL recognises it by its text."""
    place = find_spec("trl")  # not imported: that takes seconds
    assert place is not None
    assert place.submodule_search_locations is not None
    folder = Path(place.submodule_search_locations[0])
    return (folder / "chat_templates" / "gemma3.jinja").read_text(encoding="utf-8")


def build_processor(
    texts: Iterable[str], phrases: Iterable[str] = (), vocabulary: int = 768
) -> Gemma3Processor:
    """Train a byte-level BPE tokenizer on `texts` and wrap it with a 56-pixel image processor."""
    tokenizer = Tokenizer(models.BPE(unk_token=UNKNOWN))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary,
        special_tokens=list(SPECIAL),
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer=trainer)
    # Not special: a special token would be dropped when decoding and no completion could be in the format.
    words = [*FORMAT_WORDS, *phrases]
    tokenizer.add_tokens([AddedToken(word, special=False, normalized=False) for word in words])
    factory: Any = PreTrainedTokenizerFast
    fast = factory(
        tokenizer_object=tokenizer,
        **{f"{role}_token": f"<{role}>" for role in ("pad", "eos", "bos", "unk")},
        padding_side="left",
        model_max_length=CONTEXT,
        extra_special_tokens={
            "boi_token": "<start_of_image>",
            "eoi_token": "<end_of_image>",
            "image_token": "<image_soft_token>",
            "sot_token": "<start_of_turn>",
            "eot_token": "<end_of_turn>",
        },
    )
    fast.chat_template = chat_template()
    images = Gemma3ImageProcessorPil(size={"height": IMAGE_SIDE, "width": IMAGE_SIDE})
    return Gemma3Processor(
        image_processor=images,
        tokenizer=fast,
        chat_template=chat_template(),
        image_seq_length=IMAGE_TOKENS,
    )


def build_model(processor: Gemma3Processor, seed: int, hidden: int = 64, layers: int = 3) -> Any:
    """Return a randomly initialised Gemma 3 of about 200 thousand parameters that fits `processor`."""
    tokenizer = processor.tokenizer
    ids = {name: tokenizer.convert_tokens_to_ids(name) for name in SPECIAL}
    kinds = ["sliding_attention"] + ["full_attention"] * (layers - 1)
    text = Gemma3TextConfig(
        vocab_size=len(tokenizer),
        hidden_size=hidden,
        intermediate_size=2 * hidden,
        num_hidden_layers=layers,
        num_attention_heads=QUERY_HEADS,
        num_key_value_heads=KEY_HEADS,
        head_dim=HEAD_SIZE,
        query_pre_attn_scalar=2,
        max_position_embeddings=CONTEXT,
        sliding_window=LOCAL_WINDOW,
        layer_types=kinds,
        rope_parameters={kind: {"rope_type": "default", "rope_theta": ROPE_THETA} for kind in set(kinds)},
        pad_token_id=ids["<pad>"],
        eos_token_id=ids["<eos>"],
        bos_token_id=ids["<bos>"],
    )
    vision = SiglipVisionConfig(
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=1,
        num_attention_heads=2,
        image_size=IMAGE_SIDE,
        patch_size=14,
    )
    tokens: dict[str, Any] = {
        "pad_token_id": ids["<pad>"],
        "eos_token_id": [ids["<eos>"], ids["<end_of_turn>"]],
        "bos_token_id": ids["<bos>"],
    }
    config = Gemma3Config(
        text_config=text,
        vision_config=vision,
        mm_tokens_per_image=IMAGE_TOKENS,
        boi_token_index=ids["<start_of_image>"],
        eoi_token_index=ids["<end_of_image>"],
        image_token_index=ids["<image_soft_token>"],
        **tokens,
    )
    torch.manual_seed(seed)
    model = Gemma3ForConditionalGeneration(config)
    _start_as_content_matching(model)
    model.generation_config.eos_token_id = [ids["<eos>"], ids["<end_of_turn>"]]
    model.generation_config.pad_token_id = ids["<pad>"]
    model.generation_config.bos_token_id = ids["<bos>"]
    return model


def _start_as_content_matching(model: Any) -> None:
    """Start the language model where copying is learnt in a hundred steps instead of many thousands.

    Token embeddings and projections get unit scale, the local layer starts by passing its window on
    unchanged, and the other layers start with equal queries and keys, so that a token attends to its own
    kind.
    """
    decoder = model.get_decoder()
    with torch.no_grad():
        for parameter in decoder.parameters():
            if parameter.ndim == 2:
                width = parameter.shape[1]
                parameter.normal_(0.0, width**-0.5)
        for position, layer in enumerate(decoder.layers):
            attention = layer.self_attn
            if position == 0:
                attention.o_proj.weight.copy_(_per_query_head(attention.v_proj.weight).T)
            else:
                attention.q_proj.weight.copy_(_per_query_head(attention.k_proj.weight))


def _per_query_head(weight: torch.Tensor) -> torch.Tensor:
    """Repeat the rows of each key-value head for the query heads that share it: (k*d, h) -> (q*d, h)."""
    heads = weight.view(KEY_HEADS, 1, HEAD_SIZE, -1).expand(
        KEY_HEADS, QUERY_HEADS // KEY_HEADS, HEAD_SIZE, -1
    )
    return heads.reshape(QUERY_HEADS * HEAD_SIZE, -1)


def save(model: Any, processor: Gemma3Processor, folder: Path) -> None:
    """Write model and processor so that any user of this host may serve them."""
    model.save_pretrained(folder)
    processor.save_pretrained(folder)
    for path in folder.iterdir():
        path.chmod(0o644)
