"""Model folders in the form in which the Hub ships five architectures: tiny, random, with every stock file.

What repositories hold differs from what the library writes today: flat or older configurations, a chat
template in a file of its own, processors under older names, notes of git and of the Hub's client. Written
from memory of the repositories named in NAMED; no file of theirs is copied.
"""

import json
from functools import cache
from pathlib import Path
from typing import Any

from tokenizers import AddedToken, Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers

from training.demo_models import corpus, teaching_set

NAMED = {
    "qwen2_vl": "Qwen/Qwen2-VL-7B-Instruct",
    "qwen2_5_vl": "Qwen/Qwen2.5-VL-7B-Instruct",
    "qwen3_vl": "Qwen/Qwen3-VL-8B-Instruct",
    "internvl": "OpenGVLab/InternVL3-8B-hf",
    "gemma3": "google/medgemma-4b-it",
}
MIXTURE = "qwen3_vl_moe"  # Qwen/Qwen3-VL-30B-A3B-Instruct
WORDS = 640
QWEN = (
    "<|endoftext|>", "<|im_start|>", "<|im_end|>", "<|vision_start|>", "<|vision_end|>", "<|vision_pad|>",
    "<|image_pad|>", "<|video_pad|>", "<img>", "</img>", "<IMG_CONTEXT>", "<video>",
)  # fmt: skip
GEMMA = (
    "<pad>", "<eos>", "<bos>", "<unk>", "<mask>", "<start_of_turn>", "<end_of_turn>", "<start_of_image>",
    "<end_of_image>", "<image_soft_token>",
)  # fmt: skip
FIRST = 5
TURN = "{{ '<|im_start|>' + message['role'] + '\n' }}"
PARTS = (
    "{% if message['content'] is string %}{{ message['content'] }}{% else %}"
    "{% for part in message['content'] %}{% if part['type'] == 'image' %}{{ 'PICTURE' }}"
    "{% else %}{{ part['text'] }}{% endif %}{% endfor %}{% endif %}"
)
ASKED = "{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
TEMPLATE = f"{{% for message in messages %}}{TURN}{PARTS}{{{{ '<|im_end|>\n' }}}}{{% endfor %}}{ASKED}"
CLIP = {
    "image_mean": [0.48145466, 0.4578275, 0.40821073],
    "image_std": [0.26862954, 0.26130258, 0.27577711],
}
HALF = {"image_mean": [0.5, 0.5, 0.5], "image_std": [0.5, 0.5, 0.5]}
TEXT = {
    "hidden_size": 64, "intermediate_size": 128, "num_hidden_layers": 2, "num_attention_heads": 4,
    "num_key_value_heads": 2, "max_position_embeddings": 4096, "rms_norm_eps": 1e-06, "hidden_act": "silu",
    "vocab_size": WORDS + len(QWEN), "bos_token_id": WORDS, "eos_token_id": WORDS + 2, "use_cache": True,
    "rope_theta": 1000000.0,
}  # fmt: skip
SIGHT = {
    "image_token_id": WORDS + 6,
    "video_token_id": WORDS + 7,
    "vision_start_token_id": WORDS + 3,
    "vision_end_token_id": WORDS + 4,
}


def write_hub_folder(folder: Path, kind: str, dtype: str = "bfloat16") -> Path:
    """Write a folder of that architecture (a key of NAMED, or MIXTURE) with random weights of that type."""
    import torch
    from transformers import AutoConfig, AutoModelForImageTextToText

    folder.mkdir(parents=True)
    config = {**_config(kind), "torch_dtype": dtype, "transformers_version": "4.49.0"}
    _write(folder / "config.json", config)
    factory: Any = AutoModelForImageTextToText
    torch.manual_seed(0)
    model = factory.from_config(AutoConfig.from_pretrained(folder)).to(getattr(torch, dtype))
    model.save_pretrained(folder, max_shard_size="200KB")
    if kind == "gemma3":
        _name_as_before(folder)
    _write(folder / "config.json", config)  # not what the library made of it
    # Many repositories name a temperature without sampling, which the library reads but does not write.
    drawn = {"do_sample": kind != "internvl", "temperature": 0.1, "repetition_penalty": 1.05}
    _write(folder / "generation_config.json", {**drawn, **_ends(kind)})
    for name, content in (_gemma_files() if kind == "gemma3" else _qwen_files(kind)).items():
        _write(folder / name, content)
    for name in (".gitattributes", "LICENSE", "README.md"):
        (folder / name).write_text("terms\n")
    (folder / ".cache" / "huggingface" / "download").mkdir(parents=True)
    (folder / ".cache" / "huggingface" / "download" / "config.json.metadata").write_text("0\n")
    return folder


def _name_as_before(folder: Path) -> None:
    """Name Gemma's vision tower as its repositories do; the library no longer writes those names."""
    from safetensors.torch import load_file, save_file

    before, now = "vision_tower.vision_model.", "vision_tower."
    for path in folder.glob("*.safetensors"):
        held = load_file(path)
        save_file({key.replace(now, before): value for key, value in held.items()}, path, {"format": "pt"})
    index = folder / "model.safetensors.index.json"
    index.write_text(index.read_text().replace(now, before))


def _config(kind: str) -> dict[str, Any]:
    """config.json, in the form of its repository."""
    if kind == "gemma3":
        return _gemma_config()
    if kind == "internvl":
        return _internvl_config()
    eye: dict[str, Any] = {
        "depth": 2, "num_heads": 2, "spatial_merge_size": 2, "temporal_patch_size": 2, "in_chans": 3,
        "hidden_size": 32, "intermediate_size": 64, "out_hidden_size": 64, "patch_size": 14,
    }  # fmt: skip
    return _qwen3_config(kind, eye) if kind.startswith("qwen3") else _qwen2_config(kind, eye)


def _qwen2_config(kind: str, eye: dict[str, Any]) -> dict[str, Any]:
    """Flat: the numbers of the language model stand among the others."""
    if kind == "qwen2_vl":
        eye |= {"embed_dim": 32, "hidden_size": 64, "mlp_ratio": 2, "spatial_patch_size": 14}
    else:
        eye |= {
            "window_size": 112,
            "fullatt_block_indexes": [1],
            "tokens_per_second": 2,
            "hidden_act": "silu",
        }
    name = "Qwen2VL" if kind == "qwen2_vl" else "Qwen2_5_VL"
    return {
        **TEXT, **SIGHT, "architectures": [f"{name}ForConditionalGeneration"], "model_type": kind,
        "vision_config": eye, "attention_dropout": 0.0, "tie_word_embeddings": False,
        "sliding_window": 32768, "use_sliding_window": False, "max_window_layers": 2,
        "rope_scaling": {"type": "mrope", "mrope_section": [2, 3, 3]},
    }  # fmt: skip


def _qwen3_config(kind: str, eye: dict[str, Any]) -> dict[str, Any]:
    eye |= {
        "model_type": kind, "patch_size": 16, "in_channels": 3, "num_position_embeddings": 16,
        "deepstack_visual_indexes": [0], "hidden_act": "gelu_pytorch_tanh",
    }  # fmt: skip
    text = {
        **TEXT, "model_type": f"{kind}_text", "head_dim": 16,
        "rope_scaling": {"mrope_interleaved": True, "mrope_section": [3, 3, 2], "rope_type": "default"},
    }  # fmt: skip
    if kind == MIXTURE:
        text |= {"num_experts": 4, "num_experts_per_tok": 2, "moe_intermediate_size": 32}
    name = "Qwen3VLMoe" if kind == MIXTURE else "Qwen3VL"
    return {
        "architectures": [f"{name}ForConditionalGeneration"], "model_type": kind, **SIGHT,
        "text_config": text, "vision_config": eye, "tie_word_embeddings": False,
    }  # fmt: skip


def _internvl_config() -> dict[str, Any]:
    eye = {
        "model_type": "internvl_vision", "hidden_size": 32, "num_hidden_layers": 1,
        "num_attention_heads": 2, "intermediate_size": 64, "image_size": [56, 56], "patch_size": [14, 14],
        "attention_bias": True,
    }  # fmt: skip
    return {
        "architectures": ["InternVLForConditionalGeneration"], "model_type": "internvl",
        "image_token_id": WORDS + 10, "image_seq_length": 4, "downsample_ratio": 0.5,
        "vision_feature_layer": -1, "vision_feature_select_strategy": "default", "vision_config": eye,
        "projector_hidden_act": "gelu", "tie_word_embeddings": False,
        "text_config": {**TEXT, "model_type": "qwen2", "tie_word_embeddings": False},
    }  # fmt: skip


def _gemma_config() -> dict[str, Any]:
    text = {
        "model_type": "gemma3_text", "hidden_size": 64, "intermediate_size": 128, "num_hidden_layers": 2,
        "num_attention_heads": 4, "num_key_value_heads": 2, "head_dim": 16, "sliding_window": 512,
        "rope_scaling": {"factor": 8.0, "rope_type": "linear"}, "vocab_size": WORDS + len(GEMMA),
        "query_pre_attn_scalar": 16, "max_position_embeddings": 4096,
    }  # fmt: skip
    eye = {
        "model_type": "siglip_vision_model", "hidden_size": 32, "intermediate_size": 64,
        "num_hidden_layers": 1, "num_attention_heads": 2, "image_size": 56, "patch_size": 14,
        "vision_use_head": False,
    }  # fmt: skip
    return {
        "architectures": ["Gemma3ForConditionalGeneration"], "model_type": "gemma3", "mm_tokens_per_image": 4,
        "boi_token_index": _place("<start_of_image>"), "eoi_token_index": _place("<end_of_image>"),
        "image_token_index": _place("<image_soft_token>"),
        "initializer_range": 0.02, "text_config": text, "vision_config": eye, **_ends("gemma3"),
    }  # fmt: skip


def _ends(kind: str) -> dict[str, Any]:
    if kind == "gemma3":
        return {"bos_token_id": 2, "eos_token_id": [1, _place("<end_of_turn>")], "pad_token_id": 0}
    return {"bos_token_id": WORDS, "eos_token_id": [WORDS + 2, WORDS], "pad_token_id": WORDS}


def _qwen_files(kind: str) -> dict[str, Any]:
    """Everything of a Qwen's or InternVL's folder that is neither configuration nor weights."""
    learnt = _words_of_qwen()
    vocabulary = json.loads(learnt)["model"]
    tokens = {str(WORDS + number): _added(token) for number, token in enumerate(QWEN)}
    tokenizer = {
        "tokenizer_class": "Qwen2Tokenizer", "add_prefix_space": False, "added_tokens_decoder": tokens,
        "bos_token": None, "eos_token": "<|im_end|>", "pad_token": "<|endoftext|>", "unk_token": None,
        "errors": "replace", "model_max_length": 4096, "split_special_tokens": False,
        "clean_up_tokenization_spaces": False, "additional_special_tokens": list(QWEN[1:]),
    }  # fmt: skip
    files = {
        "tokenizer.json": learnt,
        "vocab.json": {word: place for word, place in vocabulary["vocab"].items() if place < WORDS},
        "merges.txt": "#version: 0.2\n" + "".join(f"{' '.join(pair)}\n" for pair in vocabulary["merges"]),
        "tokenizer_config.json": tokenizer,
    }
    if kind == "internvl":
        return files | _internvl_files(tokenizer)
    picture = "<|vision_start|><|image_pad|><|vision_end|>"
    template = TEMPLATE.replace("PICTURE", picture)
    pixels = {"patch_size": 14, "temporal_patch_size": 2, "merge_size": 2}
    if kind.startswith("qwen2"):
        name = "Qwen2VLProcessor" if kind == "qwen2_vl" else "Qwen2_5_VLProcessor"
        images = {
            "image_processor_type": "Qwen2VLImageProcessor", "processor_class": name, **pixels, **CLIP,
            "min_pixels": 3136, "max_pixels": 12845056,
        }  # fmt: skip
        return files | {
            "preprocessor_config.json": images,
            "chat_template.json": {"chat_template": template},
            "tokenizer_config.json": {**tokenizer, "chat_template": template},
        }
    sizes = {"size": {"longest_edge": 16777216, "shortest_edge": 65536}, **pixels, **HALF, "patch_size": 16}
    return files | {
        "preprocessor_config.json": {
            **sizes,
            "processor_class": "Qwen3VLProcessor",
            "image_processor_type": "Qwen2VLImageProcessorFast",
        },
        "video_preprocessor_config.json": {
            **sizes,
            "processor_class": "Qwen3VLProcessor",
            "video_processor_type": "Qwen3VLVideoProcessor",
        },
        "chat_template.json": {"chat_template": template},
    }


def _internvl_files(tokenizer: dict[str, Any]) -> dict[str, Any]:
    sizes = {"size": {"height": 56, "width": 56}, **HALF, "processor_class": "InternVLProcessor"}
    named = {
        "start_image_token": "<img>", "end_image_token": "</img>", "context_image_token": "<IMG_CONTEXT>",
        "video_token": "<video>",
    }  # fmt: skip
    return {
        "preprocessor_config.json": {
            **sizes,
            "image_processor_type": "GotOcr2ImageProcessorFast",
            "crop_to_patches": False,
            "min_patches": 1,
            "max_patches": 12,
            "do_convert_rgb": True,
        },
        "video_preprocessor_config.json": {**sizes, "video_processor_type": "InternVLVideoProcessor"},
        "processor_config.json": {"image_seq_length": 4, "processor_class": "InternVLProcessor"},
        "tokenizer_config.json": {**tokenizer, "extra_special_tokens": named, **named},
        "special_tokens_map.json": {"eos_token": "<|im_end|>", "pad_token": "<|endoftext|>", **named},
        "added_tokens.json": {token: WORDS + number for number, token in enumerate(QWEN)},
        "chat_template.jinja": TEMPLATE.replace("PICTURE", "<IMG_CONTEXT>\n"),
    }


def _gemma_files() -> dict[str, Any]:
    """Everything of a MedGemma's folder that is neither configuration nor weights."""
    from training.demo_models.model import chat_template  # torch comes with it

    tokens = {str(_place(token)): _added(token) for token in GEMMA}
    named = {
        "boi_token": "<start_of_image>", "eoi_token": "<end_of_image>", "image_token": "<image_soft_token>",
    }  # fmt: skip
    roles = {f"{role}_token": f"<{role}>" for role in ("bos", "eos", "pad", "unk")}
    return {
        "tokenizer.json": _words_of_gemma(),
        # What the library reads where there is no tokenizer.json; its bytes are never looked at here.
        "tokenizer.model": "\n\x05<pad>",
        "tokenizer_config.json": {
            **roles, **named, "tokenizer_class": "GemmaTokenizer", "processor_class": "Gemma3Processor",
            "add_bos_token": True, "add_eos_token": False, "added_tokens_decoder": tokens,
            "extra_special_tokens": named, "model_max_length": 10**30, "sp_model_kwargs": None,
            "clean_up_tokenization_spaces": False, "spaces_between_special_tokens": False,
            "use_default_system_prompt": False,
        },
        "special_tokens_map.json": {**roles, **named},
        "added_tokens.json": {"<image_soft_token>": _place("<image_soft_token>")},
        "preprocessor_config.json": {
            "image_processor_type": "Gemma3ImageProcessor", "processor_class": "Gemma3Processor", **HALF,
            "size": {"height": 56, "width": 56}, "do_convert_rgb": None, "do_pan_and_scan": None,
            "do_normalize": True, "do_rescale": True, "do_resize": True, "resample": 2,
            "rescale_factor": 1 / 255, "image_seq_length": 256,
        },
        "processor_config.json": {"image_seq_length": 4, "processor_class": "Gemma3Processor"},
        "chat_template.jinja": chat_template(),
    }  # fmt: skip


def _added(token: str) -> dict[str, Any]:
    plain = dict.fromkeys(("lstrip", "normalized", "rstrip", "single_word"), False)
    return {"content": token, "special": True, **plain}


def _place(token: str) -> int:
    """Of Gemma's control tokens five come first, among the words; the others follow them."""
    number = GEMMA.index(token)
    return number if number < FIRST else WORDS + number - FIRST


@cache
def _words_of_qwen() -> str:
    """tokenizer.json of Qwen's kind, trained on the teaching set."""
    learnt = Tokenizer(models.BPE())
    learnt.normalizer = normalizers.NFC()
    learnt.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    learnt.decoder = decoders.ByteLevel()
    _train(learnt, initial_alphabet=pre_tokenizers.ByteLevel.alphabet())
    learnt.add_special_tokens([AddedToken(token, normalized=False, special=True) for token in QWEN])
    return str(learnt.to_str())


@cache
def _words_of_gemma() -> str:
    """tokenizer.json of Gemma's kind: spaces as a letter of their own, unknown letters as their bytes."""
    learnt = Tokenizer(models.BPE(unk_token="<unk>", byte_fallback=True, fuse_unk=True))
    learnt.normalizer = normalizers.Replace(" ", "▁")
    learnt.pre_tokenizer = pre_tokenizers.Split(" ", "merged_with_previous")
    steps: list[Any] = [decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse()]
    learnt.decoder = decoders.Sequence(steps)
    _train(learnt, special_tokens=[*GEMMA[:FIRST], *(f"<0x{byte:02X}>" for byte in range(256))])
    made = json.loads(learnt.to_str())
    # Bytes are ordinary entries of the vocabulary.
    made["added_tokens"] = [entry for entry in made["added_tokens"] if entry["content"] in GEMMA]
    learnt = Tokenizer.from_str(json.dumps(made))
    learnt.add_special_tokens([AddedToken(token, normalized=False, special=True) for token in GEMMA[FIRST:]])
    return str(learnt.to_str())


def _train(tokenizer: Tokenizer, **given: Any) -> None:
    trainer = trainers.BpeTrainer(vocab_size=WORDS, show_progress=False, **given)
    tokenizer.train_from_iterator(corpus.vocabulary(teaching_set.make(40)), trainer=trainer)


def _write(path: Path, content: Any) -> None:
    text = content if isinstance(content, str) else json.dumps(content, indent=2, ensure_ascii=False)
    path.write_text(text, encoding="utf-8")
