"""Rows of the curation app."""

from curation.models.exports import ExportLink, LetThrough
from curation.models.images import Cluster, ClusterKey, Image, ImageView, PixelReview, Source, Use
from curation.models.imports import Import
from curation.models.questions import Question, QuestionImage
from curation.models.releases import (
    Export,
    FactsSummary,
    Release,
    ReleaseFile,
    ReleaseKind,
    ReleaseOrigin,
    ReleaseRow,
    ReleaseSideRow,
)
from curation.models.texts import CleanText, TextChoice, TextFinding
from curation.models.traces import StepStatus, Trace, TraceReview, TraceStep

__all__ = [
    "CleanText",
    "Cluster",
    "ClusterKey",
    "Export",
    "ExportLink",
    "FactsSummary",
    "Image",
    "ImageView",
    "Import",
    "LetThrough",
    "PixelReview",
    "Question",
    "QuestionImage",
    "Release",
    "ReleaseFile",
    "ReleaseKind",
    "ReleaseOrigin",
    "ReleaseRow",
    "ReleaseSideRow",
    "Source",
    "StepStatus",
    "TextChoice",
    "TextFinding",
    "Trace",
    "TraceReview",
    "TraceStep",
    "Use",
]
