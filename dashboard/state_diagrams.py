"""docs/states.md, written from the state tables of the installed models."""

from django.apps import apps

from consilium.states.tables import StateTable

HEAD = """# States

Written by `python manage.py state_diagrams` from the tables in each room's `states.py`; a test fails when
this page is out of date. An arrow names what happens and who may do it; *system* is a worker on its own.
"""


def tables() -> dict[str, StateTable]:
    """`<app>.<Model>` -> its table, for every installed model that has one."""
    found = {model._meta.label: getattr(model, "STATES", None) for model in apps.get_models()}
    return {label: table for label, table in sorted(found.items()) if isinstance(table, StateTable)}


def page() -> str:
    """The whole page."""
    return "\n".join([HEAD, *(_section(label, table) for label, table in tables().items())])


def _section(label: str, table: StateTable) -> str:
    states = [f"| `{name!s}` | {meaning} |" for name, meaning in table.states.items()]
    arrows = [
        f"| `{a.source!s}` | `{a.target!s}` | {a.meaning} | {', '.join(sorted(a.actors))} |"
        for a in table.arrows
    ]
    return "\n".join(
        [
            f"## {table.name.capitalize()} ({label})\n",
            f"```mermaid\n{table.mermaid()}\n```\n",
            "| state | meaning |\n|---|---|",
            *states,
            "\n| from | to | when | who |\n|---|---|---|---|",
            *arrows,
            "",
        ]
    )
