"""What groups at the provider have asked for. Who is who there stands in allauth's SocialAccount."""

from typing import ClassVar

from django.db import models
from django.utils import timezone

from consilium.people.models import Person, Role, Study


class GroupRole(models.Model):
    """A role that a person's groups carry in a study, from the login that saw them to the one that did not.

    It says what the groups last asked for, not what the person may do: that is the membership, which leads
    may have changed since, and which a second person may still have to confirm.
    """

    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    study = models.ForeignKey(Study, on_delete=models.PROTECT, related_name="+")
    role = models.CharField(max_length=20, choices=Role.choices)
    since = models.DateTimeField(default=timezone.now)
    ended_at = models.DateTimeField(null=True, blank=True)
    took_away = models.BooleanField(
        default=False, help_text="A membership, or the request for one, ended with it."
    )

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                fields=["study", "person"], condition=models.Q(ended_at=None), name="group_role_live_once"
            ),
            models.CheckConstraint(condition=models.Q(role__in=Role.values), name="group_role_known"),
        ]

    def __str__(self) -> str:
        return f"{self.person} by groups: {self.get_role_display().lower()}"
