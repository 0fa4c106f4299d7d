"""Attempts to get in: who fails often waits before the next one, longer each time; nobody is locked out.

Three counts are kept of each attempt. *Name and address together* slow down guessing; *an address* slows down
trying many names; *a name* slows down guessing from many addresses. The last two never hold up people who
come from an address under which they have got in before, and the first holds those up for a minute at most:
what strangers do elsewhere costs them nothing. Names that do not exist are counted alike: nothing tells.

An attempt is counted before the password is looked at and given back when it was right: attempts at the same
time get no more tries than those one after another.
"""

import hashlib
import hmac
import ipaddress
import random
from copy import copy
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.conf import settings
from django.db import transaction
from django.db.models import Case, DateTimeField, F, Q, Value, When
from django.db.models.functions import Greatest
from django.utils import timezone

from consilium.people.models import AttemptCount, Person
from consilium.refusals import TooSoon

FIRST_WAIT: Final = timedelta(seconds=5)
KNOWN_WAIT: Final = timedelta(minutes=1)
# For how long an address under which a person got in counts as known.
KNOWN_FOR: Final = timedelta(days=365)
UNSEEN_FOR: Final = timedelta(days=365)
DROP_EVERY: Final = 50
# Clocks of several hosts differ: who may try at once may do so since a while.
OPEN: Final = timedelta(minutes=5)
IPV6_PREFIX: Final = 64  # one customer's network


@dataclass(frozen=True, slots=True)
class Limit:
    """So many failures are free in a window; each further one doubles the wait up to the longest."""

    kind: str
    free: int
    window: timedelta
    longest: timedelta

    def wait(self, failures: int) -> timedelta:
        """How long nobody may try after that many failures."""
        if failures < self.free:
            return timedelta(0)
        doublings = min(failures - self.free, 20)
        return min(self.longest, FIRST_WAIT * (1 << doublings))


TOGETHER: Final = Limit("together", 5, timedelta(hours=1), timedelta(minutes=15))
NAME: Final = Limit("name", 50, timedelta(hours=1), timedelta(minutes=15))
# A clinic often shares one address.
ADDRESS: Final = Limit("address", 100, timedelta(minutes=10), timedelta(minutes=10))
# Links are guessed by nobody who has one.
LINK: Final = Limit("link", 20, timedelta(minutes=10), timedelta(minutes=10))


class TooManyAttempts(TooSoon):
    """Somebody has failed too often just now."""


# What was counted: each row as it was written, and as it was before.
Attempt = list[tuple[AttemptCount, AttemptCount]]


@dataclass(frozen=True, slots=True)
class Unseen:
    """Failed attempts since a person's last visit, and when the newest was."""

    count: int
    last_at: datetime


def take(*, name: str, address: str, purpose: str = "password") -> Attempt:
    """Count an attempt of somebody who says this name at this address. Raises TooManyAttempts.

    `purpose`: "password" or "code"; each has counts of its own.
    """
    name, address = _plain(name), _network(address)
    limits = {
        _key(purpose, TOGETHER.kind, name, address): TOGETHER,
        _key(purpose, NAME.kind, name): NAME,
        _key(purpose, ADDRESS.kind, address): ADDRESS,
    }
    # The counts of a name that is nobody's are dropped soon: strangers think of many.
    keep = UNSEEN_FOR if Person.objects.filter(username=name).exists() else timedelta(0)
    return _count(limits, known=_known(name, address), keep_name=keep)


def take_link(address: str) -> None:
    """Count a link that leads nowhere. Raises TooManyAttempts."""
    _count({_key(LINK.kind, _network(address)): LINK})


def take_sign_on(address: str) -> Attempt:
    """Count somebody who comes back from a provider. Raises TooManyAttempts."""
    return _count({_key("sign-on", ADDRESS.kind, _network(address)): ADDRESS})


@transaction.atomic
def was_right(attempt: Attempt) -> None:
    """Give an attempt back."""
    for row, before in attempt:
        AttemptCount.objects.filter(pk=row.pk).update(
            failures=Greatest(F("failures") - 1, 0),
            unseen=Greatest(F("unseen") - 1, 0),
            open_at=_back("open_at", row, before),
            last_at=_back("last_at", row, before),
        )


@transaction.atomic
def got_in(*, name: str, address: str) -> Unseen | None:
    """Somebody is in: the address is known from now on. What happened since the last visit, if anything."""
    name, now = _plain(name), timezone.now()
    known = AttemptCount(key=_known(name, _network(address)), since=now, open_at=now - OPEN)
    known.is_known, known.expires_at = True, now + KNOWN_FOR
    AttemptCount.objects.bulk_create(
        [known],
        update_conflicts=True,
        unique_fields=["key"],
        update_fields=["failures", "since", "open_at", "is_known", "expires_at"],
    )
    names = [_key(purpose, NAME.kind, name) for purpose in ("password", "code")]
    rows = AttemptCount.objects.filter(key__in=names, unseen__gt=0)
    seen = [(row.unseen, row.last_at) for row in rows if row.last_at]
    if not seen:
        return None
    rows.update(unseen=0)
    return Unseen(sum(count for count, _ in seen), max(last_at for _, last_at in seen))


def drop_expired() -> None:
    """Drop what is over."""
    AttemptCount.objects.filter(expires_at__lte=timezone.now()).delete()


def _count(limits: dict[str, Limit], known: str = "", keep_name: timedelta = timedelta(0)) -> Attempt:
    if random.randrange(DROP_EVERY) == 0:
        drop_expired()
    while True:
        with transaction.atomic():
            attempt = _try_to_count(limits, known, keep_name)
            if attempt is None:  # somebody else counted at this very moment
                transaction.set_rollback(True)
        if attempt is not None:
            return attempt


def _try_to_count(limits: dict[str, Limit], known: str, keep_name: timedelta) -> Attempt | None:
    now = timezone.now()
    rows = AttemptCount.objects.in_bulk({*limits, known} - {""})
    if missing := [key for key in limits if key not in rows]:
        new = [
            AttemptCount(key=key, since=now, open_at=now - OPEN, expires_at=now + limits[key].window)
            for key in missing
        ]
        AttemptCount.objects.bulk_create(new, ignore_conflicts=True)
        rows |= {row.key: row for row in new}
    is_known = known in rows and rows[known].is_known
    held = [rows[key].open_at for key, limit in limits.items() if not (is_known and limit in (NAME, ADDRESS))]
    if max(held) > now:
        raise TooManyAttempts("There were too many failed attempts.", max(held) - now)
    attempt = [(rows[key], copy(rows[key])) for key in limits]
    for (row, _), limit in zip(attempt, limits.values(), strict=True):
        if not _write(
            row, limit, is_known=is_known, now=now, keep=keep_name if limit is NAME else timedelta(0)
        ):
            return None
    return attempt


def _back(name: str, row: AttemptCount, before: AttemptCount) -> Case:
    """What the field was, unless somebody has counted since."""
    old = Value(getattr(before, name), output_field=DateTimeField())
    return Case(When(Q(**{name: getattr(row, name)}), then=old), default=F(name))


def _write(row: AttemptCount, limit: Limit, *, is_known: bool, now: datetime, keep: timedelta) -> bool:
    """Whether one more failure was written on the row, which nobody had changed since it was read."""
    unchanged = AttemptCount.objects.filter(pk=row.pk, failures=row.failures, open_at=row.open_at)
    if row.since + limit.window <= now:
        row.failures, row.since = 0, now
    row.failures, row.unseen, row.last_at = row.failures + 1, row.unseen + 1, now
    wait = limit.wait(row.failures)
    if wait:  # else as it was: "now" may be the future of another process
        row.open_at = now + (min(wait, KNOWN_WAIT) if is_known else wait)
    row.expires_at = max(row.expires_at, now + limit.window + limit.longest + keep)
    fields = ("failures", "since", "open_at", "unseen", "last_at", "expires_at")
    return bool(unchanged.update(**{name: getattr(row, name) for name in fields}))


def _known(name: str, address: str) -> str:
    return _key("password", TOGETHER.kind, name, address)


def _plain(name: str) -> str:
    """The name as the login compares it."""
    return name.strip().lower()


def _network(address: str) -> str:
    """The address; of IPv6 the network, in which one customer has as many addresses as he likes."""
    try:
        plain = ipaddress.ip_address(address)
    except ValueError:
        return address
    if isinstance(plain, ipaddress.IPv6Address):
        if plain.ipv4_mapped:
            return str(plain.ipv4_mapped)
        return str(ipaddress.ip_network((plain, IPV6_PREFIX), strict=False))
    return str(plain)


def _key(*parts: str) -> str:
    key = hashlib.sha256(f"attempts:{settings.IDENTITY_KEY}".encode()).digest()
    return hmac.new(key, "\0".join(parts).encode(), hashlib.sha256).hexdigest()
