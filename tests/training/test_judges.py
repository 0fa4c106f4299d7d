"""Judges trained on preferences through the application: what is offered, shown, registered and refused."""

import html
import io
import shutil
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client
from django.urls import reverse

from annotation.responses import ask_for_answers
from benchmark.forms import EvaluationForm
from benchmark.models import EvaluationKind
from benchmark.preconditions import EvaluationRefused
from consilium.answers.dimensions import DIMENSIONS
from consilium.inference.models import ModelEndpoint
from consilium.jobs.models import Job
from consilium.jobs.run import run_now
from consilium.jobs.states import JobState
from consilium.refusals import Refused
from curation.models import Release
from curation.releases.materialise import materialise
from curation.traces.generate import start_tracing
from tests.factories import benchmark as scoring
from tests.factories import releases as frozen
from tests.factories import training as making
from tests.factories.cast import Cast
from tests.factories.model_folders import add_score_head
from training import run_folder
from training.forms import LaunchForm
from training.job.judge_dpo import answer_rows
from training.job.judge_sft import contrast_rows, verdict_rows
from training.job.pairs import NO_CONSENSUS
from training.job.preferences import load_pairs, ordered
from training.launch import launch
from training.learned import learned_parts
from training.model_card import model_card
from training.models import ProducedModel, Run, Stage
from training.preconditions import LaunchRefused, rows_for_training
from training.probe import PROBE
from training.run_job import register_model
from training.shown_samples import shown_samples
from training.stage_settings import SMOKE

JUDGES = (Stage.JUDGE_SFT, Stage.JUDGE_DPO, Stage.REWARD_MODEL)


@pytest.fixture
def lead(cast: Cast) -> Client:
    client = Client()
    client.force_login(cast.lena)
    return client


@pytest.fixture
def votes(cast: Cast, home: Path) -> Release:
    """Eight cases of eight patients."""
    return scoring.preferences(cast, "AABABBAB")


def at(name: str = "launch") -> str:
    return reverse(f"training:{name}", args=["chest"])


def launched(cast: Cast, stage: str, release: Release | None, base: ModelEndpoint, **settings: Any) -> Run:
    wanted: dict[str, Any] = {
        "study": cast.study,
        "stage": stage,
        "release": release,
        "base": base,
        "by": cast.lena,
    }
    return launch(**wanted, settings=settings)


@pytest.mark.parametrize("stage", JUDGES)
def test_only_preference_releases_are_offered(cast: Cast, lead: Client, home: Path, stage: str) -> None:
    traces = making.trace_release(cast.study, cast.lena)
    base = making.base_endpoint()
    assert "No preference release yet" in lead.get(at(), {"stage": stage}).content.decode()
    votes = scoring.preferences(cast)
    page = lead.get(at(), {"stage": stage, "preset": "smoke"})
    form: LaunchForm = page.context["form"]
    assert list(form.fields["release"].queryset) == [votes]  # type: ignore[attr-defined]
    assert "Spent for scoring" in page.content.decode()
    shown = {bound.html_name: bound.value() for _, fields in form.groups() for bound in fields}
    sent = {"stage": stage, "base": base.pk, "seed": 3, **shown}
    assert lead.post(at(), sent | {"release": traces.pk}).status_code == 200
    with pytest.raises(LaunchRefused, match="Choose a preference release"):
        launched(cast, stage, traces, base)
    assert not Run.objects.exists()
    assert lead.post(at(), sent | {"release": votes.pk}).status_code == 302
    run = Run.objects.get()
    assert (run.stage, run.release, run.settings) == (stage, votes, SMOKE.values[Stage(stage)])
    assert any(name in str(run) for name in ("judge SFT", "judge DPO", "reward model"))


def test_the_texts_shown_are_those_that_the_judges_train_on(
    cast: Cast, lead: Client, votes: Release, tmp_path: Path
) -> None:
    making.base_endpoint()
    pairs = {pair.id: pair for pair in load_pairs(materialise(votes, tmp_path / "data"))}
    for shown in shown_samples(votes, "judge_sft"):
        rows = verdict_rows(ordered([pairs[shown.row_id]], "both", 0))
        assert [text for _, text in shown.texts] == [
            text for row in rows for text in [*spoken(row), row["completion"][0]["content"]]
        ]
    for shown in shown_samples(votes, "judge_dpo", settings={"orders": "balanced"}):
        (row,) = contrast_rows([(pairs[shown.row_id], "ab")])
        assert [text for _, text in shown.texts] == [*spoken(row), *contrast(row)]
    told: tuple[tuple[str, dict[str, Any]], ...]
    told = (("reward_model", {}), ("judge_dpo", {"target": "answers"}))
    for stage, settings in told:
        for shown in shown_samples(votes, stage, settings=settings):
            (row,) = answer_rows([pairs[shown.row_id]], "overall")
            assert [text for _, text in shown.texts] == [*spoken(row), *contrast(row)]
    asked: dict[str, Any] = {"stage": "judge_dpo", "release": votes.pk, "judge_dpo-target": "answers"}
    part = html.unescape(lead.get(at("launch-data"), asked).content.decode())
    assert "Answer to prefer, by overall" in part
    assert "The first words of 0." in part


def spoken(row: dict[str, Any]) -> list[str]:
    return [part["text"] for part in row["prompt"][0]["content"] if part["type"] == "text"]


def contrast(row: dict[str, Any]) -> list[str]:
    return [row[side][0]["content"] for side in ("chosen", "rejected")]


def test_settled_cases_are_read_as_they_were_frozen(cast: Cast, home: Path, tmp_path: Path) -> None:
    votes = frozen.preferences(cast)
    pairs = load_pairs(materialise(votes, tmp_path / "data"))
    assert [len(pair.labels) for pair in pairs] == [6, 6, 6, 6, 5]
    assert {path.suffix for pair in pairs for path in pair.images} == {".png"}
    assert len({pair.cluster for pair in pairs}) == 5
    assert [pair.why_left_out(DIMENSIONS) for pair in pairs] == ["", "", "", "", NO_CONSENSUS]


def test_a_command_launches_a_judge(cast: Cast, votes: Release) -> None:
    base = making.base_endpoint()
    common = ["--release", votes.digest, "--base", base.name, "--by", "lena", "--set", "held_out=0.5"]
    for name in ("judge_sft", "judge_dpo", "reward"):
        call_command("train", name, *common, "--json", stdout=io.StringIO())
    assert list(Run.objects.order_by("pk").values_list("stage", flat=True)) == list(JUDGES)
    assert [run.settings for run in Run.objects.all()] == [{"held_out": 0.5}] * 3


def test_cases_that_teach_nothing_are_not_shown_and_dev_is_not_counted(cast: Cast, home: Path) -> None:
    undecided: dict[str, Any] = {"label": dict.fromkeys(DIMENSIONS)}
    identical = {"answer_a": "The same.", "answer_b": "The same."}
    votes = scoring.preferences(cast, "AAAA", changes=[undecided, identical, {"split": "dev"}, {}])
    assert [shown.row_id for shown in shown_samples(votes, "judge_sft")] == ["case-3"]
    assert rows_for_training(votes).count() == 3


def test_answers_of_a_model_whose_outputs_may_not_train_teach_no_judge(cast: Cast, home: Path) -> None:
    named = [{"model_a": "mute", "model_b": "open"}]
    votes = scoring.preferences(cast, "A", changes=named)
    base = making.base_endpoint()
    scoring.endpoint("mute", outputs_may_train=False)
    with pytest.raises(Refused, match=r"answers of mute, which .* \(rule outputs_may_train\)"):
        launched(cast, "judge_dpo", votes, base)
    ModelEndpoint.objects.filter(name="mute").update(outputs_may_train=True)
    assert launched(cast, "judge_dpo", votes, base).release == votes


def test_a_judge_can_be_tried_out_for_an_estimate(cast: Cast, lead: Client, votes: Release) -> None:
    base = making.base_endpoint()
    sent = {"stage": "judge_dpo", "release": votes.pk, "base": base.pk, "seed": 3, "judge_dpo-beta": "0.2"}
    lead.post(at("probe"), sent)
    job = Job.objects.get(kind=PROBE)
    assert (job.params["stage"], job.params["settings"]) == ("judge_dpo", {"beta": 0.2})
    assert "Estimate first" in lead.get(at(), {"stage": "judge_dpo"}).content.decode()
    assert "Estimate first" not in lead.get(at(), {"stage": "merge"}).content.decode()


def test_a_judge_is_trained_and_never_scored_on_what_it_saw(
    cast: Cast, votes: Release, base: ModelEndpoint
) -> None:
    """The smoke preset on a tiny model, with the real training process."""
    small = SMOKE.values[Stage.JUDGE_SFT] | {"max_pixels": 3136}
    run = launched(cast, "judge_sft", votes, base, **small)
    job = run_now(run.job)
    assert (job.state, job.error) == (JobState.SUCCEEDED, "")
    produced = ProducedModel.objects.get(run=run)
    judge = produced.endpoint
    assert judge.is_active
    read = produced.card["inputs"]
    assert len(read["trained_on"]["cases"]) + len(read["held_out"]["cases"]) == 8
    (part,) = learned_parts(run)
    assert (part.part.cases, part.rows) == (tuple(read["trained_on"]["cases"]), read["pairs"])
    assert f"{read['pairs']} cases were trained on" in model_card(produced)
    with pytest.raises(EvaluationRefused, match="was trained on this release"):
        scoring.launched(cast, votes, judge)
    patient = {"cluster": read["trained_on"]["clusters"][0], "question_id": "new"}
    apart = {"cluster": "another patient", "question_id": "another question"}
    again = scoring.preferences(cast, "AB", "Same patient", seed=50, changes=[patient, apart])
    with pytest.raises(EvaluationRefused, match="patients or images of 1 rows of this release"):
        scoring.launched(cast, again, judge)
    (made,) = scoring.launched(cast, scoring.preferences(cast, "A", "Apart", seed=51, changes=[apart]), judge)
    assert made.endpoint == judge


def test_a_reward_model_is_registered_to_judge_alone(cast: Cast, votes: Release, base: ModelEndpoint) -> None:
    run = launched(cast, "reward_model", votes, base)
    place = run_folder.folder(run)
    shutil.copytree(run_folder.base_folder(base), place / "model")
    add_score_head(place / "model")
    (place / "run_card.json").write_text('{"artifacts": {"model": "model", "digest": "d"}, "inputs": {}}')
    produced = register_model(run=run, done={"artifacts": {"digest": "d"}})
    assert produced.release_digests == [votes.digest]
    made = produced.endpoint
    assert (made.is_active, made.scored_dimension) == (True, "overall")
    assert scoring.launched(cast, apart(cast), made)
    with pytest.raises(EvaluationRefused, match="was trained on this release"):
        scoring.launched(cast, votes, made)
    card = model_card(produced)
    assert "Bradley-Terry reward model" in card
    assert 'load_file("reward_head.safetensors")' in card


def apart(cast: Cast) -> Release:
    """A case of a patient and a question that taught nothing."""
    return scoring.preferences(
        cast, "A", "Apart", seed=51, changes=[{"cluster": "another patient", "question_id": "another"}]
    )


def test_what_gives_scores_is_neither_teacher_nor_base_nor_solver(
    cast: Cast, votes: Release, base: ModelEndpoint
) -> None:
    scorer = ModelEndpoint.objects.create(
        name="scorer", path="scorer", family="tiny", scored_dimension="overall"
    )
    said = "scorer gives scores, not words: it can be scored as a judge of pairs and do nothing else"
    with pytest.raises(Refused, match=said):
        launched(cast, "judge_sft", votes, scorer)
    with pytest.raises(Refused, match=said):
        scoring.launched(cast, scoring.questions(cast), scorer)
    with pytest.raises(Refused, match=said):
        start_tracing(study=cast.study, endpoint=scorer, by=cast.lena)
    with pytest.raises(Refused, match=said):
        ask_for_answers(study=cast.study, endpoint=scorer, by=cast.lena)
    offered: Any = LaunchForm(study=cast.study, stage="judge_sft").fields["base"]
    assert list(offered.queryset) == [base]
    solvers: Any = EvaluationForm(study=cast.study, kind=EvaluationKind.SOLVER).fields["endpoints"]
    judges: Any = EvaluationForm(study=cast.study, kind=EvaluationKind.JUDGE).fields["endpoints"]
    assert (scorer in solvers.queryset, scorer in judges.queryset) == (False, True)
