"""The six dimensions of a comparison, in the order in which they are asked; overall comes last."""

from typing import Final

DIMENSIONS: Final[tuple[str, ...]] = (
    "accuracy",
    "relevance",
    "comprehensiveness",
    "creativity",
    "responsiveness",
    "overall",
)
