"""What a new cluster may ever be used for: drawn once from the study's seed and the cluster's key. Pure."""

import hashlib
import hmac


def draw(key: bytes, group_key: str, *, seed: int, train: float, dev: float) -> str:
    """`train`, `dev` or `test` with the probabilities `train`, `dev` and the rest.

    The draw depends on nothing but the key, the seed and the group, so it is the same in whatever order
    images arrive, and nobody without the key can steer it by choosing names.
    """
    digest = hmac.new(key, f"{seed}:{group_key}".encode(), hashlib.sha256).digest()
    place = int.from_bytes(digest[:8]) / 2**64
    if place < train:
        return "train"
    return "dev" if place < train + dev else "test"
