"""What can be chosen on a page of the report, and the judges that the choice leaves."""

from benchmark.report.choices import ReportChoices
from benchmark.report.figures import ReportedJudge
from benchmark.report.kept import KeptReport
from benchmark.report.words import FACET_NAMES, Shown, in_slice_words
from consilium.answers.dimensions import DIMENSIONS


def forms(report: KeptReport, choices: ReportChoices) -> Shown:
    """What can be chosen."""
    return {
        "dimension_choices": [(name, name.capitalize()) for name in DIMENSIONS],
        "slice_choices": [
            (
                FACET_NAMES[facet],
                [
                    (f"{facet}:{value}", f"{in_slice_words(facet, value)} ({cases:,})")
                    for value, cases in values.items()
                ],
            )
            for facet, values in report.slice_sizes().items()
        ],
        "cases": report.content["cases"],
        "clusters": report.content["clusters"],
    }


def chosen_judges(report: KeptReport, choices: ReportChoices) -> list[ReportedJudge]:
    """The judges in the report's order whose names hold the words."""
    judges: list[ReportedJudge] = report.part("judges")
    return [one for one in judges if choices.words.lower() in one.name.lower()]
