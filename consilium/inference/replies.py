"""The cache of replies: looked up and stored in batches, always by the hash of the request."""

from collections.abc import Collection, Sequence

from django.db import IntegrityError, transaction

from consilium.inference.chat_completion import Answer
from consilium.inference.models import ModelEndpoint, Reply, ReplyQuerySet
from consilium.people.models import Study
from consilium.prepared import Prepared, insert

SHA_BATCH = 500
ROWS_BATCH = 64
# While a round is fed, so many requests at most are looked up at a time; that statement is built once.
FEW = 32


def _few_of_study(endpoint: int, study: int, **hashes: str) -> ReplyQuerySet:
    return Reply.objects.of_study(study).filter(endpoint=endpoint, request_sha256__in=list(hashes.values()))


_few_stored: Prepared[Reply] = Prepared(
    _few_of_study, endpoint=int, study=int, **{f"sha256_{place}": str for place in range(FEW)}
)


def stored(endpoint: ModelEndpoint, study: Study | None, hashes: Collection[str]) -> dict[str, Reply]:
    """The replies this endpoint already gave to this study, by request hash."""
    wanted = list(hashes)
    if study is not None and 0 < len(wanted) <= FEW:
        padded = [*wanted, *([wanted[0]] * (FEW - len(wanted)))]
        places = {f"sha256_{place}": sha256 for place, sha256 in enumerate(padded)}
        few = _few_stored(endpoint=endpoint.pk, study=study.pk, **places)
        return {row.request_sha256: row for row in few}
    found: dict[str, Reply] = {}
    for start in range(0, len(wanted), SHA_BATCH):  # SQLite limits the variables of one statement
        batch = wanted[start : start + SHA_BATCH]
        rows = Reply.objects.of_study(study).filter(endpoint=endpoint, request_sha256__in=batch)
        found |= {row.request_sha256: row for row in rows}
    return found


def store(
    endpoint: ModelEndpoint, study: Study | None, answers: Sequence[tuple[str, Answer, int]]
) -> dict[str, Reply]:
    """Store (request hash, answer, latency in ms) in one transaction; return the rows by hash.

    Where another worker stored a reply to the same request first, its row stays and is returned.
    """
    rows = [
        Reply(
            endpoint_id=endpoint.pk,
            study_id=study.pk if study else None,
            request_sha256=sha256,
            text=answer.text,
            reasoning=answer.reasoning,
            finish_reason=answer.finish_reason,
            prompt_tokens=answer.prompt_tokens,
            completion_tokens=answer.completion_tokens,
            latency_ms=latency_ms,
            letters=answer.letters,
        )
        for sha256, answer, latency_ms in answers
    ]
    try:
        with transaction.atomic():
            for start in range(0, len(rows), ROWS_BATCH):
                insert(rows[start : start + ROWS_BATCH])
    except IntegrityError:
        Reply.objects.bulk_create(rows, ignore_conflicts=True, batch_size=SHA_BATCH)
        return stored(endpoint, study, [sha256 for sha256, _, _ in answers])
    # The database told the rows' keys: nothing has to be read back.
    return {row.request_sha256: row for row in rows}
