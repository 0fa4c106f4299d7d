"""What the mathematics of a training step asks for, in floating-point operations.

A product of matrices with w weights costs 2w a token forward, and 2w more to hand the gradient through; only
what is trained (the adapters) costs another 2w for its own gradient. The frozen vision tower is forward only.
Causal attention over a text of n tokens costs 2 n^2 d a layer, full attention over n patches 4 n^2 d. Nothing
that is done a second time to save memory counts: this is the *model's* share of the card's peak, not how busy
the card was. `again` is what gradient checkpointing computes once more, for those who want the other figure.
"""

from dataclasses import dataclass
from typing import Any

WINDOW = 64  # patches of a window of 112 x 112 pixels


@dataclass(frozen=True, slots=True)
class Sizes:
    """Weights by part (language layers, head, adapters, vision tower, its merger) and widths of attention."""

    layers: int
    head: int
    adapters: int
    eye: int
    merger: int
    depth: int
    width: int
    eye_depth: int
    eye_full: int
    eye_width: int

    def language(self, tokens: float, length: float) -> float:
        """Forward through the language layers, without adapters, of texts of about `length` tokens."""
        return 2 * self.layers * tokens + 2 * self.depth * self.width * tokens * length

    def pictures(self, patches: float, pictures: float) -> float:
        """Forward through the vision tower."""
        each = patches / pictures if pictures else 0
        attention = 4 * self.eye_width * (self.eye_full * each + (self.eye_depth - self.eye_full) * WINDOW)
        return patches * (2 * self.eye + self.merger / 2 + attention)


@dataclass(frozen=True, slots=True)
class Work:
    """One step: `tokens` of all texts together, `replies` of which are learnt or drawn; their pictures."""

    texts: int
    tokens: float
    replies: float
    patches: float


def sizes(config: Any, rank: int) -> Sizes:
    """Count the weights of a Qwen2.5-VL configuration with adapters of this rank on its language layers."""
    text, eye = config.text_config, config.vision_config
    hidden, inner = text.hidden_size, text.intermediate_size
    keys = hidden // text.num_attention_heads * text.num_key_value_heads
    matrices = [
        (hidden, hidden), (hidden, keys), (hidden, keys), (hidden, hidden),
        (hidden, inner), (hidden, inner), (inner, hidden),
    ]  # fmt: skip
    depth, merged = text.num_hidden_layers, eye.hidden_size * eye.spatial_merge_size**2
    return Sizes(
        layers=depth * sum(one * two for one, two in matrices),
        head=hidden * text.vocab_size,
        adapters=depth * rank * sum(one + two for one, two in matrices),
        eye=eye.depth * (4 * eye.hidden_size**2 + 3 * eye.hidden_size * eye.intermediate_size),
        merger=merged * (merged + eye.out_hidden_size),
        depth=depth,
        width=hidden,
        eye_depth=eye.depth,
        eye_full=len(eye.fullatt_block_indexes),
        eye_width=eye.hidden_size,
    )


def dsa(size: Sizes, work: Work) -> dict[str, float]:
    """One optimizer step of DSA."""
    language = size.language(work.tokens, work.tokens / work.texts)
    adapters = 2 * size.adapters * work.tokens
    pictures = size.pictures(work.patches, work.texts)
    return {
        "model": 2 * language + 3 * adapters + 4 * size.head * work.replies + pictures,
        "again": language + adapters,
    }


def gba(size: Sizes, work: Work) -> dict[str, float]:
    """One step of GBA: drawing under the rollout prompts, the reference, the policy's loss."""
    length = work.tokens / work.texts
    language, adapters = size.language(work.tokens, length), 2 * size.adapters * work.tokens
    pictures, head = size.pictures(work.patches, work.texts), 2 * size.head * work.replies
    drawing = language + adapters + head + pictures
    scoring = language + head + pictures
    learning = 2 * language + 3 * adapters + 2 * head + pictures
    return {"model": drawing + scoring + learning, "drawing": drawing, "again": language + adapters}
