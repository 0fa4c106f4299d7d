"""What can go wrong with work, with the HTTP status each refusal answers and the text people read."""

from typing import TYPE_CHECKING, Any

from django.http import Http404

from consilium.refusals import Refused

if TYPE_CHECKING:
    from consilium.workqueue.models import Claim, Draft


class WorkRefused(Refused):
    """Base of what the queue refuses."""


class AlreadyOpen(WorkRefused):
    """Some of the objects already have a work item of this kind."""


class ClaimOver(WorkRefused, Http404):
    """The claim was the person's but is over: postponed, skipped or withdrawn."""

    status = 410


class NotOpened(WorkRefused):
    """The claim is kept ready for the person, who has another one in hand."""

    def __init__(self) -> None:
        super().__init__("This one comes next and is not open yet. Open it from your queue.")


class OtherWorkOpen(WorkRefused):
    """The person holds an active claim of another kind in this study; `claim` is that one."""

    def __init__(self, claim: "Claim") -> None:
        self.claim = claim
        label = claim.item.get_kind_display().lower()
        super().__init__(f"You have an unfinished {label} open. Finish it or put it off first.")


class ItemClosed(WorkRefused):
    """The item takes no more submissions."""

    def __init__(self) -> None:
        super().__init__("This item was closed meanwhile, so it takes no more answers. Your draft is kept.")


class NotTakenIn(WorkRefused):
    """Work that was finished in another program and cannot count here; the text says why."""


class KeyReused(WorkRefused):
    """An idempotency key that already belongs to other content."""

    def __init__(self) -> None:
        super().__init__(
            "This submission key was already used for other content. Reload the page and submit again."
        )


class VersionConflict(WorkRefused):
    """Submitted elsewhere meanwhile: `yours` is what the sender built on, `current` what is stored."""

    def __init__(self, *, yours: int, current: int, content: dict[str, Any]) -> None:
        self.yours, self.current, self.content = yours, current, content
        super().__init__(
            f"Submitted from another tab or device meanwhile: version {current} is stored, "
            f"and yours builds on {f'version {yours}' if yours else 'none'}. Compare both, then send again."
        )

    @property
    def extra(self) -> dict[str, Any]:
        """Both version numbers and the stored content, which is the person's own."""
        return {"yours": self.yours, "current": self.current, "content": self.content}


class DraftConflict(WorkRefused):
    """The draft was changed in another tab or on another device; `stored` is what the server holds."""

    def __init__(self, stored: "Draft | None", sent: dict[str, Any]) -> None:
        self.stored, self.sent = stored, sent
        super().__init__(
            "This draft was changed in another tab or on another device. Choose which text to keep."
        )

    @property
    def extra(self) -> dict[str, Any]:
        """Both contents; `current` is 0 when no draft is stored any more."""
        stored = self.stored
        return {
            "current": stored.version if stored else 0,
            "content": stored.content if stored else {},
            "yours": self.sent,
        }
