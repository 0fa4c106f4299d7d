"""The one exception of the child: a source that is not rebuilt, with the reason for people."""

from curation.imaging.vocabulary import RefusalCode


class RefusedError(Exception):
    """Raised in the child when a file is refused.

    `message` is made of fixed phrases and counts only: text of the source, its path and exception texts of
    decoders (they quote header values) never enter it.
    """

    def __init__(self, code: RefusalCode, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


def damaged(what: str) -> RefusedError:
    """Return the refusal of a file that starts well and then does not hold what it promises."""
    return RefusedError(RefusalCode.DAMAGED, f"The file is damaged: {what}.")


def too_large(what: str) -> RefusedError:
    """Return the refusal of a file beyond the limits of this server."""
    return RefusedError(RefusalCode.TOO_LARGE, f"The image is too large: {what}.")
