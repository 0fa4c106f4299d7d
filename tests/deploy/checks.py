"""Asks the deployment at the end what it holds, and has the verdict on it."""

import json
from collections import Counter
from typing import Any

import psycopg2  # type: ignore[import-untyped]

from tests.deploy import verdict
from tests.deploy.site import WEB, WORKERS, Deployment

VOTES = """
SELECT s.idempotency_key::text,
  ARRAY(SELECT c.token::text FROM work_claim c WHERE c.item_id = s.item_id AND c.person_id = s.person_id),
  s.person_id, s.item_id, s.version, s.content_sha256,
  (SELECT count(*) FROM annotation_vote v WHERE v.submission_id = s.id)
FROM work_submission s
"""
DRAFTS = """
SELECT c.token::text, d.content FROM work_draft d
JOIN work_claim c ON c.item_id = d.item_id AND c.person_id = d.person_id
"""
SLOTS = """
SELECT i.id, i.capacity, count(c.slot)
FROM work_workitem i JOIN work_claim c ON c.item_id = i.id GROUP BY i.id
"""
JOBS = "SELECT id::text, kind, state, attempt, error FROM jobs_job"


def jobs_left(site: Deployment) -> list[str]:
    """Jobs that are not over yet."""
    return [f"{row[1]} {row[2]}" for row in site.rows(JOBS) if row[2] in ("queued", "running")]


def broken_promises(site: Deployment, seen: list[dict[str, Any]]) -> list[str]:
    """One sentence for each."""
    of = lambda what: [event for event in seen if event["what"] == what]  # noqa: E731
    pictures = Counter(row[0] for row in site.rows("SELECT source_sha256 FROM curation_image"))
    imports = {row[0] for row in site.rows("SELECT id FROM curation_import")}
    return [
        *verdict.unhealed(seen),
        *verdict.lost_or_doubled(of("vote"), site.rows(VOTES)),
        *verdict.drafts_lost(of("draft"), {event["token"] for event in of("vote")}, dict(site.rows(DRAFTS))),
        *verdict.too_many_claims(site.rows(SLOTS)),
        *verdict.jobs_unfinished(site.rows(JOBS)),
        *verdict.pictures_lost(of("import"), imports, pictures),
        *_record(site),
        *_open_to_change(site),
        *[f"{host} logged a traceback." for host in (*WEB, *WORKERS) if "Traceback" in site.log(host)],
    ]


def _record(site: Deployment) -> list[str]:
    """What verify_audit says of chains, anchors and triggers on a worker's host, where anchors are."""
    said = site.manage("verify_audit", "--json", host=WORKERS[0])
    found = json.loads(said.strip().splitlines()[-1])
    return [] if found["ok"] else [f"verify_audit: {found}"]


def _open_to_change(site: Deployment) -> list[str]:
    """Append-only tables that let even the database's administrator change a row."""
    found = []
    for table in ("work_submission", "audit_auditevent"):
        try:
            site.rows(f"UPDATE {table} SET id = id RETURNING id")
        except psycopg2.DatabaseError:
            continue
        found.append(f"{table} can be changed.")
    return found


def figures(site: Deployment) -> dict[str, Any]:
    """Of the jobs: how many of each kind, and how many attempts they took."""
    jobs = site.rows(JOBS)
    return {
        "jobs": dict(Counter(row[1] for row in jobs)),
        "jobs_tried_again": sum(row[3] > 1 for row in jobs),
        "lease_losses": sum(
            "job.lease_lost" in line for host in WORKERS for line in site.log(host).splitlines()
        ),
    }
