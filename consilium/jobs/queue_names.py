"""The names of the queues beside those of the GPUs (`consilium.gpu_sets`); no Django import."""

from collections.abc import Mapping
from typing import Final

DEFAULT: Final = "default"
# Jobs that wait for models on other machines: hours long, nearly without work for this one.
REMOTE: Final = "remote"
# How many jobs of each go on at once in a worker of both, so that neither keeps the other waiting.
AT_ONCE: Final[Mapping[str, int]] = {DEFAULT: 4, REMOTE: 8}
