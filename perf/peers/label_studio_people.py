"""Run by Label Studio's own Python in its own code folder: an owner and N annotators; prints their tokens.

python label_studio_people.py N PASSWORD
"""

import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path.cwd()))
import django

django.setup()

from organizations.models import Organization  # noqa: E402
from rest_framework.authtoken.models import Token  # noqa: E402
from users.models import User  # noqa: E402


def main() -> None:
    password = sys.argv[2]
    people = [
        User.objects.create_user(email=f"{name}@peer.example", password=password)
        for name in ("owner", *(f"reader{number}" for number in range(int(sys.argv[1]))))
    ]
    company = Organization.create_organization(created_by=people[0], title="Measured")
    for person in people:
        if not company.has_user(person):
            company.add_user(person)
        person.active_organization = company
        person.save()
    tokens = [Token.objects.get_or_create(user=person)[0].key for person in people]
    print(json.dumps(tokens))


if __name__ == "__main__":
    main()
