"""A randomly initialised model folder in the shape of Qwen2.5-VL, adapters for it, and pictures to train on.

Nothing is downloaded: the vocabulary has the size and the control tokens of the real one, but its words come
from the synthetic teaching set. The weights are drawn in bf16 where they are drawn fastest.
"""

import io
import json
import random
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import torch
from PIL import Image

from training.demo_models import corpus, teaching_set
from training.job.data import ROWS
from training.job.deltas import parameters
from training.job.files import sha256_file
from training.job.folders import ADAPTER_CONFIG, ADAPTER_WEIGHTS
from training.job.models import language_layers, load_model

# In the order and, in the full vocabulary, at the places of Qwen2.5-VL's own.
CONTROL = (
    "<|endoftext|>", "<|im_start|>", "<|im_end|>", "<|object_ref_start|>", "<|object_ref_end|>",
    "<|box_start|>", "<|box_end|>", "<|quad_start|>", "<|quad_end|>", "<|vision_start|>", "<|vision_end|>",
    "<|vision_pad|>", "<|image_pad|>", "<|video_pad|>",
)  # fmt: skip
EXPERT_DEVIATION = 1e-3  # of the numbers in B: what a few hundred steps at a rate of 1e-4 leave


@dataclass(frozen=True, slots=True)
class Shape:
    """Sizes of the model, and of the pictures (pixels a side) and replies (sentences) it is trained on."""

    hidden: int
    inner: int
    layers: int
    heads: int
    key_heads: int
    rotary: tuple[int, int, int]
    words: int  # of the tokenizer, without the control tokens
    vocabulary: int  # rows of the embedding: more than the tokenizer has
    eye_hidden: int
    eye_inner: int
    eye_layers: int
    eye_heads: int
    side: int
    sentences: int

    def cut(self, layers: int) -> "Shape":
        """The same with fewer language layers; 0 leaves it as it is."""
        return replace(self, layers=layers) if layers else self


SHAPES = {
    "7b": Shape(3584, 18944, 28, 28, 4, (16, 24, 24), 151643, 152064, 1280, 3420, 32, 16, 633, 38),
    "3b": Shape(2048, 11008, 36, 16, 2, (16, 24, 24), 151643, 152064, 1280, 3420, 32, 16, 633, 38),
    "tiny": Shape(64, 128, 2, 4, 2, (2, 3, 3), 768, 832, 32, 64, 2, 2, 112, 3),
}


def build(folder: Path, shape: Shape, seed: int = 0) -> None:
    """Write the model folder as the Hub ships it: shards, configurations, tokenizer, preprocessor."""
    from transformers import Qwen2_5_VLForConditionalGeneration

    factory: Any = Qwen2_5_VLForConditionalGeneration
    tokenizer = _tokenizer(shape)
    config = configuration(shape)
    torch.manual_seed(seed)
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.bfloat16)
    try:
        with torch.device("cuda" if torch.cuda.is_available() else "cpu"):
            model = factory(config)
    finally:
        torch.set_default_dtype(before)
    model.generation_config.eos_token_id = tokenizer.convert_tokens_to_ids(["<|im_end|>", "<|endoftext|>"])
    model.generation_config.pad_token_id = tokenizer.pad_token_id
    model.save_pretrained(folder, max_shard_size="4GB")
    tokenizer.save_pretrained(folder)
    (folder / "preprocessor_config.json").write_text(json.dumps(_preprocessor(), indent=2))


def configuration(shape: Shape) -> Any:
    """The model's configuration; the 7b shape's is that of Qwen2.5-VL-7B."""
    from transformers import Qwen2_5_VLConfig

    def place(token: str) -> int:
        return shape.words + CONTROL.index(token)

    text = {
        "hidden_size": shape.hidden, "intermediate_size": shape.inner, "num_hidden_layers": shape.layers,
        "num_attention_heads": shape.heads, "num_key_value_heads": shape.key_heads,
        "vocab_size": shape.vocabulary, "max_position_embeddings": 128000, "rms_norm_eps": 1e-6,
        "rope_parameters": {
            "rope_type": "default", "rope_theta": 1e6, "mrope_section": list(shape.rotary)
        },
        "bos_token_id": place("<|endoftext|>"), "eos_token_id": place("<|im_end|>"),
        "pad_token_id": place("<|endoftext|>"),
    }  # fmt: skip
    vision = {
        "depth": shape.eye_layers, "hidden_size": shape.eye_hidden, "intermediate_size": shape.eye_inner,
        "num_heads": shape.eye_heads, "out_hidden_size": shape.hidden, "patch_size": 14,
        "spatial_merge_size": 2, "temporal_patch_size": 2, "window_size": 112, "tokens_per_second": 2,
        "fullatt_block_indexes": list(range(7, 32, 8)) if shape.eye_layers == 32 else [1],
    }  # fmt: skip
    ids = {
        f"{name}_token_id": place(f"<|{token}|>")
        for name, token in {
            "image": "image_pad",
            "video": "video_pad",
            "vision_start": "vision_start",
            "vision_end": "vision_end",
        }.items()
    }
    factory: Any = Qwen2_5_VLConfig
    return factory(text_config=text, vision_config=vision, tie_word_embeddings=False, **ids)


def write_release(folder: Path, shape: Shape, count: int) -> None:
    """Write a materialised trace release of `count` rows in which a picture's colour decides its finding."""
    (folder / "images").mkdir(parents=True)
    rows = []
    for item in teaching_set.make(count, specialties=("adult_medicine",)):
        name = f"images/{item.number:05d}.png"
        with Image.open(io.BytesIO(item.image_png)) as picture:
            picture.resize((shape.side, shape.side)).save(folder / name, compress_level=1)
        rows.append(
            {
                "id": f"row-{item.number}",
                "images": [name],
                "sha256": [sha256_file(folder / name)],
                "question": item.question,
                "options": item.options,
                "answer_label": item.answer_label,
                "answer": item.answer,
                "reasoning": _long_trace(item, shape.sentences),
                "specialty": item.specialty,
                "split": "train",
            }
        )
    (folder / ROWS).write_text("".join(json.dumps(row) + "\n" for row in rows))


def write_adapter(folder: Path, base: Path, rank: int, seed: int) -> None:
    """Write a LoRA adapter with random matrices, as a DSA run leaves it."""
    from safetensors.torch import save_file

    device = "cuda" if torch.cuda.is_available() else "cpu"
    with torch.device("meta"):
        model = _empty(base)
    shapes = {name: value.shape for name, value in parameters(model).items()}
    draw = torch.Generator(device).manual_seed(seed)
    tensors = {}
    for layer in language_layers(model):
        rows, columns = shapes[f"{layer}.weight"]
        down = torch.randn((rank, columns), generator=draw, device=device) * columns**-0.5
        up = torch.randn((rows, rank), generator=draw, device=device) * EXPERT_DEVIATION
        tensors[f"base_model.model.{layer}.lora_A.weight"] = down.cpu()
        tensors[f"base_model.model.{layer}.lora_B.weight"] = up.cpu()
    folder.mkdir(parents=True)
    save_file(tensors, folder / ADAPTER_WEIGHTS, metadata={"format": "pt"})
    settings = {"peft_type": "LORA", "r": rank, "lora_alpha": 2 * rank, "bias": "none"}
    (folder / ADAPTER_CONFIG).write_text(json.dumps(settings))


def write_sibling(folder: Path, base: Path, seed: int) -> None:
    """Write a full model that differs from `base` in every weight of its language layers."""
    model = load_model(base)
    named = parameters(model)
    torch.manual_seed(seed)
    for layer in language_layers(model):
        value = named[f"{layer}.weight"]
        value.add_(torch.randn_like(value) * EXPERT_DEVIATION)
    model.save_pretrained(folder, max_shard_size="4GB")


def _empty(base: Path) -> Any:
    from transformers import AutoConfig, AutoModelForImageTextToText

    factory: Any = AutoModelForImageTextToText
    return factory.from_config(AutoConfig.from_pretrained(base, local_files_only=True))


def _tokenizer(shape: Shape) -> Any:
    """A byte-level BPE of the teaching set's texts, filled up with words that no text can reach."""
    from tokenizers import Tokenizer, models, pre_tokenizers, trainers
    from transformers import AddedToken, Qwen2Tokenizer

    learnt = Tokenizer(models.BPE())
    learnt.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    trainer = trainers.BpeTrainer(
        vocab_size=min(2048, shape.words),
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    learnt.train_from_iterator(corpus.vocabulary(teaching_set.make(40)), trainer=trainer)
    model = json.loads(learnt.to_str())["model"]
    words: dict[str, int] = model["vocab"]
    words |= {f" {number}": number for number in range(len(words), shape.words)}
    words |= {token: shape.words + number for number, token in enumerate(CONTROL)}
    merges = [tuple(pair) for pair in model["merges"]]
    factory: Any = Qwen2Tokenizer
    special = [AddedToken(token, special=True, normalized=False) for token in CONTROL]
    tokenizer = factory(vocab=words, merges=merges, eos_token="<|im_end|>", padding_side="left")
    tokenizer.add_tokens(special, special_tokens=True)
    tokenizer.chat_template = _chat_template()
    return tokenizer


def _chat_template() -> str:
    place = find_spec("trl")  # not imported: that takes seconds
    assert place is not None
    assert place.submodule_search_locations is not None
    return (Path(place.submodule_search_locations[0]) / "chat_templates" / "qwen2_5_vl.jinja").read_text()


def _preprocessor() -> dict[str, Any]:
    return {
        "image_processor_type": "Qwen2VLImageProcessor",
        "processor_class": "Qwen2_5_VLProcessor",
        "min_pixels": 3136,
        "max_pixels": 12845056,
        "patch_size": 14,
        "temporal_patch_size": 2,
        "merge_size": 2,
        "image_mean": [0.48145466, 0.4578275, 0.40821073],
        "image_std": [0.26862954, 0.26130258, 0.27577711],
    }


def _long_trace(item: teaching_set.TeachingItem, sentences: int) -> str:
    """The item's reference trace, its thinking drawn out to so many sentences."""
    draw = random.Random(item.number)
    more = [draw.choice(item.steps) for _ in range(max(0, sentences - len(item.steps)))]
    return f"<think>{' '.join([*more, *item.steps])}</think><answer>{item.answer_label}</answer>"
