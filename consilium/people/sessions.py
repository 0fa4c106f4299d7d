"""Who is asking: the session and its person, read at every request by statements that are compiled once."""

from datetime import datetime
from typing import Any

from allauth.account.auth_backends import AuthenticationBackend
from django.contrib.sessions.backends import db
from django.contrib.sessions.base_session import AbstractBaseSession
from django.contrib.sessions.models import Session
from django.utils import timezone

from consilium.people.models import Person
from consilium.prepared import Prepared

_SESSION = Prepared(
    lambda key, now: Session.objects.filter(session_key=key, expire_date__gt=now), key=str, now=datetime
)
_PERSON = Prepared(lambda pk: Person.objects.filter(pk=pk), pk=int)


class SessionStore(db.SessionStore):
    """Django's sessions in the database."""

    def _get_session_from_db(self) -> AbstractBaseSession | None:
        found = _SESSION.first(key=self.session_key, now=timezone.now())
        if found is None:
            self._session_key = None
        return found


class Backend(AuthenticationBackend):
    """allauth's: people log in with their user name."""

    def get_user(self, user_id: Any) -> Person | None:
        """The person of a session, unless they may no longer log in."""
        person = _PERSON.first(pk=int(user_id))
        return person if person is not None and self.user_can_authenticate(person) else None
