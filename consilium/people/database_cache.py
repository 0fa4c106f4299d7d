"""Django's cache as JSON rows of the database: shared by every host, and nothing is ever unpickled."""

import random
from datetime import UTC, datetime
from typing import Any

from django.core.cache.backends.base import DEFAULT_TIMEOUT, BaseCache
from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils import timezone

CLEAN_EVERY = 100


class RememberedCache(BaseCache):
    """Cache backend for small JSON values: login attempts and their locks. `add` is atomic."""

    def __init__(self, location: str, params: dict[str, Any]) -> None:
        super().__init__(params)

    def add(self, key: str, value: Any, timeout: Any = DEFAULT_TIMEOUT, version: int | None = None) -> bool:
        """Store unless a live value is there; False when there is one."""
        from consilium.people.models import Remembered

        name = self.make_and_validate_key(key, version=version)
        # Looked for first: what a worker asks every few seconds is no error in the database's log.
        if Remembered.objects.filter(key=name).filter(self._live()).exists():
            return False
        Remembered.objects.filter(key=name, expires_at__lte=timezone.now()).delete()
        try:
            with transaction.atomic():
                Remembered.objects.create(key=name, value=value, expires_at=self._expiry(timeout))
        except IntegrityError:
            return False
        return True

    def get(self, key: str, default: Any = None, version: int | None = None) -> Any:
        """The live value, else the default."""
        from consilium.people.models import Remembered

        name = self.make_and_validate_key(key, version=version)
        row = Remembered.objects.filter(key=name).filter(self._live()).first()
        return default if row is None else row.value

    def set(self, key: str, value: Any, timeout: Any = DEFAULT_TIMEOUT, version: int | None = None) -> None:
        """Store or replace a value; now and then forget what has expired."""
        from consilium.people.models import Remembered

        name = self.make_and_validate_key(key, version=version)
        if random.randrange(CLEAN_EVERY) == 0:
            Remembered.objects.filter(expires_at__lte=timezone.now()).delete()
        Remembered.objects.update_or_create(
            key=name, defaults={"value": value, "expires_at": self._expiry(timeout)}
        )

    def touch(self, key: str, timeout: Any = DEFAULT_TIMEOUT, version: int | None = None) -> bool:
        """Give a live value a new expiry."""
        from consilium.people.models import Remembered

        name = self.make_and_validate_key(key, version=version)
        rows = Remembered.objects.filter(key=name).filter(self._live())
        return bool(rows.update(expires_at=self._expiry(timeout)))

    def delete(self, key: str, version: int | None = None) -> bool:
        """Forget a value."""
        from consilium.people.models import Remembered

        name = self.make_and_validate_key(key, version=version)
        return bool(Remembered.objects.filter(key=name).delete()[0])

    def has_key(self, key: str, version: int | None = None) -> bool:
        """Whether a live value is there."""
        missing = object()
        return self.get(key, missing, version) is not missing

    def clear(self) -> None:
        """Forget everything."""
        from consilium.people.models import Remembered

        Remembered.objects.all().delete()

    def _expiry(self, timeout: Any) -> datetime | None:
        moment = self.get_backend_timeout(timeout)
        return None if moment is None else datetime.fromtimestamp(moment, tz=UTC)

    @staticmethod
    def _live() -> Q:
        return Q(expires_at=None) | Q(expires_at__gt=timezone.now())
