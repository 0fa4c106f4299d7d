"""How this room refuses."""

from consilium.refusals import Refused


class HubRefused(Refused):
    """What was asked of the Hub cannot be done; the text is for people."""


class RepositoryMoved(HubRefused):
    """Somebody else committed to the repository while a push was under way."""

    def __init__(self, repo_id: str) -> None:
        super().__init__(
            f"{repo_id} has changed since this push looked at it, so nothing was committed. Look at what "
            "came in there; a new push goes on top of it."
        )
