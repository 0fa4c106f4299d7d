"""Who takes part: persons, studies, their membership, consent and invitations."""

import hashlib
import hmac
from typing import Any, ClassVar

from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser, BaseUserManager
from django.core.validators import RegexValidator
from django.db import models
from django.utils import timezone

from consilium.people.study_settings import StudySettings


class Role(models.TextChoices):
    """What a person may do inside one study."""

    ANNOTATOR = "annotator", "Annotator"
    ADJUDICATOR = "adjudicator", "Adjudicator"
    LEAD = "lead", "Lead"


class Specialty(models.TextChoices):
    """The four specialties of the trace data (METHOD.md section 1)."""

    ADULT_MEDICINE = "adult_medicine", "Adult medicine"
    PEDIATRICS = "pediatrics", "Pediatrics"
    BRAIN_SENSES = "brain_senses", "Brain and senses"
    ONCOLOGY_SURGERY = "oncology_surgery", "Oncology and surgery"


class PersonManager(BaseUserManager["Person"]):
    """Makes persons; a person without a password cannot log in until an operator sends a link."""

    def create_user(self, username: str, password: str | None = None, **fields: Any) -> "Person":
        """Store a person with a hashed (or unusable) password."""
        person = self.model(username=self.model.normalize_username(username), **fields)
        person.set_password(password)
        person.save(using=self._db)
        return person


class Person(AbstractBaseUser):
    """Somebody with an account. People are deactivated, never deleted."""

    username = models.CharField(
        max_length=60,
        unique=True,
        validators=[
            RegexValidator(r"^[a-z0-9][a-z0-9._-]*\Z", "Use small letters, digits, dot, dash or underscore.")
        ],
    )
    display_name = models.CharField(max_length=120)
    email = models.EmailField(blank=True)
    credentials = models.CharField(
        max_length=200, blank=True, help_text="Degree and specialty as it may be credited."
    )
    is_operator = models.BooleanField(default=False, help_text="Runs the site: accounts, endpoints, studies.")
    is_active = models.BooleanField(default=True)
    # Beside the row that every request reads anyway: no page asks for notices where there are none.
    has_notices = models.BooleanField(default=False, help_text="There are access notices to acknowledge.")
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    objects: ClassVar[PersonManager] = PersonManager()
    USERNAME_FIELD = "username"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    def __str__(self) -> str:
        return self.display_name or self.username

    def get_full_name(self) -> str:
        """The name shown to other members."""
        return str(self)


class StudyQuerySet(models.QuerySet["Study"]):
    """Reads of studies."""

    def visible_to(self, person: "Person | int") -> "StudyQuerySet":
        """Studies the person is an active member of; an operator is no member by right."""
        return self.filter(memberships__person=person, memberships__is_active=True).distinct()


class Study(models.Model):
    """The container of all work: its settings, its people, its guidelines and its audit chain."""

    slug = models.SlugField(max_length=60, unique=True)
    name = models.CharField(max_length=200)
    description = models.TextField(blank=True)
    settings_data = models.JSONField(default=dict, blank=True)
    is_teaching_set = models.BooleanField(default=False, help_text="Synthetic content: pages carry a banner.")
    protocol_hash = models.CharField(max_length=64, blank=True)
    protocol_locked_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    guideline = models.ForeignKey(
        "GuidelineVersion",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        help_text="The version in force.",
    )

    objects = StudyQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "studies"
        constraints = [
            models.CheckConstraint(
                condition=models.Q(protocol_hash="", protocol_locked_at=None)
                | (~models.Q(protocol_hash="") & models.Q(protocol_locked_at__isnull=False)),
                name="study_protocol_lock_is_whole",
            )
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def settings(self) -> StudySettings:
        """The study's settings with defaults filled in."""
        return StudySettings.from_json(self.settings_data)


class GuidelineVersion(models.Model):
    """One numbered text of the annotation rules of a study; each submission names the one it followed."""

    study = models.ForeignKey(Study, on_delete=models.PROTECT, related_name="guidelines")
    number = models.PositiveIntegerField()
    text = models.TextField()
    created_by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ["study", "-number"]
        constraints = [models.UniqueConstraint(fields=["study", "number"], name="guideline_number_once")]

    def __str__(self) -> str:
        return f"Guidelines v{self.number}"


class Membership(models.Model):
    """One person's role in one study."""

    study = models.ForeignKey(Study, on_delete=models.PROTECT, related_name="memberships")
    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="memberships")
    role = models.CharField(max_length=20, choices=Role.choices)
    specialty = models.CharField(max_length=40, choices=Specialty.choices, blank=True)
    departments = models.JSONField(default=list, blank=True)
    is_active = models.BooleanField(default=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["study", "person"], name="membership_once"),
            models.CheckConstraint(condition=models.Q(role__in=Role.values), name="membership_role_known"),
        ]

    def __str__(self) -> str:
        return f"{self.person} as {self.get_role_display().lower()}"


class CreditChoice(models.TextChoices):
    """How a participant wants to be named in released data."""

    NAMED = "named", "Name me in the credits"
    PSEUDONYM = "pseudonym", "Show only my pseudonym"


class Participation(models.Model):
    """A person's consent to take part in a study; without a live one nothing can be submitted."""

    study = models.ForeignKey(Study, on_delete=models.PROTECT, related_name="participations")
    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="participations")
    consent_version = models.PositiveIntegerField()
    consent_sha256 = models.CharField(max_length=64)
    consented_at = models.DateTimeField(default=timezone.now)
    credit = models.CharField(max_length=20, choices=CreditChoice.choices)
    conflict_declaration = models.TextField(blank=True, help_text="Empty means: none declared.")
    hourly_rate = models.DecimalField(max_digits=8, decimal_places=2, null=True, blank=True)
    withdrawn_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["study", "person"],
                condition=models.Q(withdrawn_at=None),
                name="participation_live_once",
            )
        ]

    def __str__(self) -> str:
        return f"{self.person} in {self.study}"


class ConsentText(models.Model):
    """One numbered consent text of a study."""

    study = models.ForeignKey(Study, on_delete=models.PROTECT, related_name="consent_texts")
    version = models.PositiveIntegerField()
    text = models.TextField()
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ["study", "-version"]
        constraints = [models.UniqueConstraint(fields=["study", "version"], name="consent_version_once")]

    def __str__(self) -> str:
        return f"Consent text v{self.version}"


class Invitation(models.Model):
    """A link, made for one named person, that opens an account and a membership. Only its hash is stored."""

    token_sha256 = models.CharField(max_length=64, unique=True)
    study = models.ForeignKey(
        Study, on_delete=models.PROTECT, related_name="invitations", null=True, blank=True
    )
    display_name = models.CharField(max_length=120)
    role = models.CharField(max_length=20, choices=Role.choices, blank=True)
    specialty = models.CharField(max_length=40, choices=Specialty.choices, blank=True)
    departments = models.JSONField(default=list, blank=True)
    resets = models.ForeignKey(
        Person,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        help_text="Set: a password reset.",
    )
    created_by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    expires_at = models.DateTimeField()
    accepted_by = models.ForeignKey(Person, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    accepted_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)
    removed_factor = models.BooleanField(default=False, help_text="Its use removed a second factor.")

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(accepted_by=None, accepted_at=None)
                | models.Q(accepted_by__isnull=False, accepted_at__isnull=False),
                name="invitation_accepted_by_and_when",
            )
        ]

    def __str__(self) -> str:
        return f"Invitation for {self.display_name}"

    @property
    def is_open(self) -> bool:
        """Whether the link still works, as far as the link itself goes."""
        return self.accepted_at is None and self.revoked_at is None and self.expires_at > timezone.now()


class BreakGlass(models.Model):
    """An operator, no member of the study, reads it for a limited time; the reason is on record."""

    study = models.ForeignKey(Study, on_delete=models.PROTECT, related_name="+")
    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    reason = models.CharField(max_length=300)
    opened_at = models.DateTimeField(default=timezone.now)
    until = models.DateTimeField()
    ended_by = models.ForeignKey(Person, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["study", "person"], condition=models.Q(ended_at=None), name="break_glass_live_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.person} reads {self.study}"

    @property
    def is_live(self) -> bool:
        """Whether pages of the study still open."""
        return self.ended_at is None and self.until > timezone.now()


class NoticeKind(models.TextChoices):
    """What an access notice tells of."""

    RESET = "reset", "Reset link"
    ROLE = "role", "Role given"
    READING = "reading", "Opened for reading"


class RoleSource(models.TextChoices):
    """Through what a role came that no person gave."""

    GROUPS = "groups", "Groups at the single sign-on"


class AccessNotice(models.Model):
    """What an operator did to somebody's access, told until acknowledged: one row for each who is told.

    Without a study it is told to the person, else to the study's leads; where the study wants a second person
    (`needs_confirmation`), what was asked for takes effect only once one of them has confirmed it.
    """

    kind = models.CharField(max_length=20, choices=NoticeKind.choices)
    person = models.ForeignKey(
        Person, on_delete=models.PROTECT, related_name="+", help_text="Whose access it is."
    )
    study = models.ForeignKey(Study, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    by = models.ForeignKey(
        Person,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        help_text="None: somebody at the server's command line.",
    )
    made_at = models.DateTimeField(default=timezone.now)
    invitation = models.ForeignKey(
        Invitation, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    glass = models.ForeignKey(BreakGlass, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    asked = models.JSONField(default=dict, help_text="The role, specialty and departments of a role notice.")
    source = models.CharField(
        max_length=20, choices=RoleSource.choices, blank=True, help_text="Through what, where nobody acted."
    )
    needs_confirmation = models.BooleanField(default=False)
    confirmed_by = models.ForeignKey(
        Person, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    confirmed_at = models.DateTimeField(null=True, blank=True)
    acknowledged_by = models.ForeignKey(
        Person, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    acknowledged_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = [
            models.Index(
                fields=["study"], condition=models.Q(acknowledged_at=None), name="notice_open_of_study"
            )
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: {self.person}"

    @property
    def waits(self) -> bool:
        """Whether it takes effect only once somebody has confirmed it."""
        return self.needs_confirmation and self.confirmed_at is None


def pseudonym(study_id: int, person_id: int) -> str:
    """Stable name of a person inside one study: `P-` and 8 hex digits of a keyed hash."""
    key = hashlib.sha256(f"pseudonym:{settings.IDENTITY_KEY}".encode()).digest()
    return "P-" + hmac.new(key, f"{study_id}:{person_id}".encode(), hashlib.sha256).hexdigest()[:8]


class Remembered(models.Model):
    """A short-lived value shared by all web processes: how often somebody tried to log in."""

    key = models.CharField(max_length=300, primary_key=True)
    value = models.JSONField()
    expires_at = models.DateTimeField(null=True, db_index=True)

    def __str__(self) -> str:
        return self.key


class AttemptCount(models.Model):
    """How often somebody failed to get in, under a keyed hash: of a name, an address, or both together.

    A name and an address under which a person has got in before are `is_known`. What an installation keeps of
    addresses is this hash alone.
    """

    key = models.CharField(max_length=64, primary_key=True)
    failures = models.PositiveIntegerField(default=0, help_text="Since `since`.")
    since = models.DateTimeField()
    open_at = models.DateTimeField(help_text="No attempt is taken before.")
    is_known = models.BooleanField(default=False)
    unseen = models.PositiveIntegerField(default=0, help_text="Failures since the person's last visit.")
    last_at = models.DateTimeField(null=True, help_text="The newest of them.")
    expires_at = models.DateTimeField(db_index=True)

    def __str__(self) -> str:
        return f"{self.failures} failures"
