"""Who gets what from every address: the whole policy of access on one page.

Each row gives the status for nobody (not logged in), an annotator, an adjudicator and a lead of the study,
an operator who is no member, and the lead of another study. Outsiders get 404, so that they cannot tell
what exists; members of another role get 403.
"""

from dataclasses import dataclass, field
from typing import Any

from tests.factories.cast import PASSWORD

Row = tuple[int, int, int, int, int, int]

#                       nobody annot. adjud. lead  operator outsider
PUBLIC: Row = (200, 200, 200, 200, 200, 200)
ENTRANCE: Row = (200, 302, 302, 302, 302, 302)
AWAY: Row = (302, 302, 302, 302, 302, 302)
PERSONS: Row = (302, 200, 200, 200, 200, 200)
NO_SECOND_FACTOR: Row = (302, 404, 404, 404, 404, 404)
OPERATORS: Row = (302, 403, 403, 403, 200, 403)
MEMBERS: Row = (302, 200, 200, 200, 404, 404)
SENIORS: Row = (302, 403, 200, 200, 404, 404)
LEADS: Row = (302, 403, 403, 200, 404, 404)
HER_CLAIM: Row = (302, 200, 404, 404, 404, 404)  # the annotator holds it
SENIORS_CLAIM: Row = (302, 404, 200, 404, 404, 404)  # the adjudicator holds it
NOBODY: Row = (404, 404, 404, 404, 404, 404)  # only who sends a token of the settings
POST_ONLY: Row = (302, 405, 405, 405, 405, 405)
# Single sign-on without a provider in the settings; with one: tests/single_sign_on.
NO_PROVIDER: Row = (404, 404, 404, 404, 404, 404)
NOT_HERE: Row = (302, 404, 404, 404, 404, 404)
PUBLIC_POST: Row = (405, 405, 405, 405, 405, 405)
# What an operator reads by break-glass besides the pages that name leads.
BY_GLASS = frozenset(
    {
        "site:study",
        "people:guidelines",
        "jobs:progress",
        "curation:image-manifest",
        "curation:image-frame",
        "curation:image-thumbnail",
    }
)

READ: dict[str, Row] = {
    "account_login": ENTRANCE,
    "account_logout": PERSONS,
    "account_reauthenticate": PERSONS,
    "account_change_password": PERSONS,
    "mfa_index": PERSONS,
    "mfa_authenticate": AWAY,
    "mfa_reauthenticate": AWAY,
    "mfa_activate_totp": AWAY,  # asks for the password again first
    "mfa_deactivate_totp": NO_SECOND_FACTOR,
    "mfa_view_recovery_codes": NO_SECOND_FACTOR,
    "mfa_generate_recovery_codes": AWAY,
    "mfa_download_recovery_codes": NO_SECOND_FACTOR,
    "sign-on:own": NOT_HERE,
    "sign-on:start": PUBLIC_POST,
    "sign-on:callback": NO_PROVIDER,
    "sign-on:bind": POST_ONLY,
    "sign-on:release": POST_ONLY,
    "sign-on:left": NO_PROVIDER,
    "sign-on:join": PUBLIC_POST,
    "signatures:begin": POST_ONLY,
    "signatures:confirm": (302, 404, 404, 404, 404, 404),  # everybody here has a password
    "signatures:end": POST_ONLY,
    "people:join": PUBLIC,  # with a live link; a dead one is a 404
    "people:accounts": OPERATORS,
    "people:set-active": POST_ONLY,
    "people:revoke-reset": POST_ONLY,
    "people:access-notices": PERSONS,
    "people:acknowledge": POST_ONLY,
    "people:confirm": POST_ONLY,
    "people:decline": POST_ONLY,
    "people:break-glass": OPERATORS,
    "people:end-break-glass": POST_ONLY,
    "people:second-factor": PERSONS,
    "people:take-part": MEMBERS,
    "people:withdraw": POST_ONLY,
    "people:members": LEADS,
    "people:remove-member": POST_ONLY,
    "people:revoke-invitation": POST_ONLY,
    "people:settings": LEADS,
    "people:guidelines": MEMBERS,
    "work:queue": MEMBERS,
    "work:finished": MEMBERS,
    "work:next": POST_ONLY,
    "work:session": PERSONS,
    "work:ahead": POST_ONLY,
    "work:draft": POST_ONLY,
    "work:finish": POST_ONLY,
    "work:heartbeat": POST_ONLY,
    "work:postpone": POST_ONLY,
    "work:skip": POST_ONLY,
    "work:submit": POST_ONLY,
    "jobs:progress": MEMBERS,
    "jobs:cancel": POST_ONLY,
    "calls:shared": OPERATORS,
    "calls:unshare": POST_ONLY,
    "calls:site-entries": OPERATORS,
    "calls:new-entry": OPERATORS,
    "calls:edit-entry": OPERATORS,
    "calls:restore-entry": POST_ONLY,
    "calls:entries": LEADS,
    "calls:entry": LEADS,
    "calls:endpoints": LEADS,
    "calls:add-remote": LEADS,
    "calls:add-local": LEADS,
    "calls:retire": POST_ONLY,
    "curation:image-manifest": MEMBERS,
    "curation:image-frame": MEMBERS,
    "curation:image-thumbnail": MEMBERS,
    "curation:review": HER_CLAIM,
    "curation:images": LEADS,
    "curation:image": LEADS,
    "curation:withdraw-image": POST_ONLY,
    "curation:purge-image": POST_ONLY,
    "curation:purge-images": POST_ONLY,
    "curation:seen-import": POST_ONLY,
    "curation:purge-question": POST_ONLY,
    "curation:pixel-reviews": SENIORS,
    "curation:pixel-review": SENIORS,
    "curation:sign-pixels": POST_ONLY,
    "curation:imports": LEADS,
    "curation:new-import": LEADS,
    "curation:fetch-import": POST_ONLY,
    "curation:import": LEADS,
    "curation:new-source": LEADS,
    "curation:source": LEADS,
    "curation:questions": LEADS,
    "curation:open-questions": POST_ONLY,
    "curation:question": LEADS,
    "curation:texts": LEADS,
    "curation:harmless-text": POST_ONLY,
    "curation:drop-question": POST_ONLY,
    "curation:traces": SENIORS,
    "curation:start-tracing": POST_ONLY,
    "curation:open-reviews": POST_ONLY,
    "curation:trace": SENIORS,
    "curation:settle-trace": POST_ONLY,
    "hub:token": OPERATORS,
    "hub:check-token": POST_ONLY,
    "hub:remove-token": POST_ONLY,
    "hub:pushes": LEADS,
    "hub:start": POST_ONLY,
    "hub:confirm": POST_ONLY,
    "hub:decline": POST_ONLY,
    "curation:releases": LEADS,
    "curation:new-release": LEADS,
    "curation:release-preview": LEADS,
    "curation:freezing": LEADS,
    "curation:release": LEADS,
    "curation:datasheet": LEADS,
    "curation:release-changes": LEADS,
    "curation:compute-datasheet": POST_ONLY,
    "curation:verify-release": POST_ONLY,
    "curation:sign-release": POST_ONLY,
    "curation:withdraw-release": POST_ONLY,
    "curation:export-release": POST_ONLY,
    "curation:download-export": LEADS,
    "curation:take-export": PUBLIC,  # with a live link; any other is a 404
    "curation:make-export-link": POST_ONLY,
    "curation:revoke-export-link": POST_ONLY,
    "curation:ask-let-through": POST_ONLY,
    "curation:confirm-let-through": POST_ONLY,
    "curation:decline-let-through": POST_ONLY,
    "annotation:compare": HER_CLAIM,
    "annotation:adjudicate": SENIORS_CLAIM,
    "annotation:blind": POST_ONLY,
    "annotation:cases": LEADS,
    "annotation:case": LEADS,
    "annotation:exclude-case": POST_ONLY,
    "annotation:rounds": LEADS,
    "annotation:count-progress": POST_ONLY,
    "annotation:ask-models": POST_ONLY,
    "annotation:open-round": POST_ONLY,
    "annotation:close-round": POST_ONLY,
    "annotation:label-studio": LEADS,
    "annotation:connect-label-studio": POST_ONLY,
    "annotation:forget-label-studio": POST_ONLY,
    "annotation:push-tasks": POST_ONLY,
    "annotation:pull-annotations": POST_ONLY,
    "annotation:name-label-studio-user": POST_ONLY,
    "annotation:label-studio-tasks": POST_ONLY,
    "annotation:label-studio-config": LEADS,
    "annotation:agreement": LEADS,
    "annotation:compute-agreement": POST_ONLY,
    "training:runs": LEADS,
    "training:launch": LEADS,
    "training:launch-data": LEADS,
    "training:run": LEADS,
    "training:model-card": LEADS,
    "training:resume": POST_ONLY,
    "training:log": LEADS,
    "training:compare": LEADS,
    "training:probe": POST_ONLY,
    "training:estimate": LEADS,
    "training:learned": LEADS,
    "training:learned-from": LEADS,
    "training:download": LEADS,
    "training:live": LEADS,
    "training:paradigms": LEADS,
    "benchmark:leaderboard": LEADS,
    "benchmark:compute-leaderboard": POST_ONLY,
    "benchmark:report": LEADS,
    "benchmark:report-part": LEADS,
    "benchmark:report-files": LEADS,
    "benchmark:report-cases": LEADS,
    "benchmark:report-case": LEADS,
    "benchmark:compute-report": POST_ONLY,
    "benchmark:solver-slices": LEADS,
    "benchmark:shared-data": LEADS,
    "benchmark:launch": LEADS,
    "benchmark:estimate": LEADS,
    "benchmark:evaluation": LEADS,
    "benchmark:run-card": LEADS,
    "benchmark:recheck": POST_ONLY,
    "benchmark:live": LEADS,
    "benchmark:being-scored": LEADS,
    "benchmark:batch": LEADS,
    "benchmark:batch-live": LEADS,
    "benchmark:batch-act": POST_ONLY,
    "benchmark:pause": POST_ONLY,
    "benchmark:resume": POST_ONLY,
    "benchmark:give-up": POST_ONLY,
    "site:home": (302, 302, 302, 302, 200, 302),  # members of one study go straight into it
    "site:health": PUBLIC,
    "site:ready": PUBLIC,
    "site:metrics": NOBODY,
    "site:state": (302, 403, 403, 403, 200, 403),
    "site:idle-stay": POST_ONLY,
    "site:idle-leave": POST_ONLY,
    "site:design": PERSONS,
    "site:study": (302, 302, 302, 200, 404, 404),  # everybody but leads goes to their queue
    "site:count": POST_ONLY,
    "site:record": LEADS,
    "site:pipelines": LEADS,
    "site:new-pipeline": LEADS,
    "site:pipeline": LEADS,
    "site:pipeline-live": LEADS,
    "site:pipeline-report": LEADS,
    "site:resume-pipeline": POST_ONLY,
    "site:cancel-pipeline": POST_ONLY,
}


@dataclass(frozen=True)
class Sent:
    """What is sent to an address that changes something, and the status for each role."""

    row: Row
    fields: dict[str, Any] = field(default_factory=dict)
    is_json: bool = False


def by_leads(status: int, **fields: Any) -> Sent:
    """Only leads of the study get through, to this status."""
    return Sent((302, 403, 403, status, 404, 404), fields)


def on_claim(status: int, **body: Any) -> Sent:
    """A call of the browser module on the annotator's claim."""
    return Sent((302, status, 404, 404, 404, 404), body, is_json=True)


KEY = "6f2b0c1e-3f7e-4d0a-9d9b-0d2b6d1c7a11"
WRITE: dict[str, Sent] = {
    "account_login": Sent(ENTRANCE, {"login": "anna", "password": "wrong"}),
    "account_logout": Sent(AWAY),
    "account_reauthenticate": Sent(PERSONS, {"password": "wrong"}),
    "account_change_password": Sent(PERSONS, {"oldpassword": "wrong"}),
    "mfa_authenticate": Sent(AWAY),
    "mfa_reauthenticate": Sent(AWAY),
    "mfa_activate_totp": Sent(AWAY),
    "mfa_deactivate_totp": Sent(NO_SECOND_FACTOR),
    "mfa_generate_recovery_codes": Sent(AWAY),
    "sign-on:start": Sent((404, 302, 302, 302, 302, 302)),
    "sign-on:bind": Sent(AWAY),
    "sign-on:release": Sent(AWAY),
    "sign-on:join": Sent(NO_PROVIDER),
    "signatures:begin": Sent((302, 403, 422, 422, 404, 404), {"password": "wrong"}, is_json=True),
    "signatures:end": Sent(AWAY),
    "people:join": Sent(PUBLIC, {"password": "short"}),
    "people:accounts": Sent(OPERATORS, {"reset": "1"}),
    "people:set-active": Sent((302, 403, 403, 403, 302, 403), {"active": "0"}),
    "people:revoke-reset": Sent((302, 403, 403, 403, 302, 403)),
    "people:acknowledge": Sent((302, 404, 404, 302, 404, 404)),
    "people:confirm": Sent((302, 404, 404, 302, 403, 404)),  # the operator asked for it
    "people:decline": Sent((302, 404, 404, 302, 403, 404)),
    "people:break-glass": Sent((302, 403, 403, 403, 422, 403)),
    "people:end-break-glass": Sent((302, 404, 404, 302, 302, 404)),  # the operator's own
    "people:take-part": Sent(MEMBERS),
    "people:withdraw": Sent((302, 302, 302, 302, 404, 404)),
    "people:members": by_leads(200, display_name="New", role="lead"),
    "people:remove-member": by_leads(302),
    "people:revoke-invitation": by_leads(302),
    "people:settings": by_leads(200, votes_per_case="5"),  # after the first vote a reason is asked for
    "people:guidelines": by_leads(302, text="Judge the image."),
    "work:next": Sent((302, 409, 409, 302, 404, 404)),  # two hold work of another kind
    "work:ahead": on_claim(200),
    "work:draft": on_claim(200, content={}, draft_version=0, base_version=0),
    "work:finish": on_claim(200),
    "work:heartbeat": on_claim(200, active_seconds=1),
    "work:postpone": on_claim(200),
    "work:skip": on_claim(200, reason="Outside my specialty."),
    "work:submit": on_claim(422, content={}, key=KEY, active_seconds=1, base_version=0),
    "jobs:cancel": by_leads(302),
    "calls:shared": Sent((302, 403, 403, 403, 422, 403)),
    "calls:unshare": Sent((302, 403, 403, 403, 302, 403)),
    "calls:new-entry": Sent((302, 403, 403, 403, 422, 403)),
    "calls:edit-entry": Sent((302, 403, 403, 403, 422, 403)),
    "calls:restore-entry": Sent((302, 403, 403, 403, 302, 403)),
    "calls:add-remote": by_leads(200),
    "calls:add-local": by_leads(200),
    "calls:retire": by_leads(302, reason="Too slow."),
    "hub:token": Sent((302, 403, 403, 403, 422, 403)),
    "hub:check-token": Sent((302, 403, 403, 403, 302, 403)),
    "hub:remove-token": Sent((302, 403, 403, 403, 302, 403)),
    "hub:start": by_leads(302, repo_id="clinic/traces", seen_by="private"),
    "hub:confirm": by_leads(302),
    "hub:decline": by_leads(302),
    "curation:withdraw-image": by_leads(302, reason="Wrong patient."),
    "curation:purge-image": by_leads(302, reason="A name in the picture."),
    "curation:purge-images": by_leads(302, reason="A name in the picture."),
    "curation:seen-import": by_leads(302),
    "curation:purge-question": by_leads(302, reason="A name in the text."),
    "curation:sign-pixels": Sent((302, 403, 302, 302, 404, 404), {"verdict": "clean"}),
    "curation:new-import": by_leads(422),
    "curation:fetch-import": by_leads(422),
    "curation:new-source": by_leads(422),
    "curation:source": by_leads(422),
    "curation:open-questions": by_leads(302),
    "curation:drop-question": by_leads(302, reason="Ambiguous."),
    "curation:texts": by_leads(302),
    "curation:harmless-text": by_leads(302, text="Dr. Smith", reason="A sign's name."),
    "curation:start-tracing": by_leads(302),
    "curation:open-reviews": by_leads(302, name="Reviews 2"),
    "curation:settle-trace": Sent((302, 403, 404, 404, 404, 404), {"review": "0"}),  # it has no review
    "curation:new-release": by_leads(422),
    "curation:release-preview": by_leads(422),
    "curation:verify-release": by_leads(302),
    "curation:sign-release": by_leads(302, password=PASSWORD),
    "curation:withdraw-release": by_leads(428, reason="Damaged."),
    "curation:export-release": by_leads(302),
    "curation:make-export-link": by_leads(200, valid_for="1 hour"),
    "curation:revoke-export-link": by_leads(302),
    "curation:ask-let-through": by_leads(302, reason="The day of a guideline."),
    "curation:confirm-let-through": by_leads(302, reason="I looked at it."),
    "curation:decline-let-through": by_leads(302),
    "curation:compute-datasheet": by_leads(302),
    "annotation:blind": Sent((302, 404, 422, 404, 404, 404)),
    "annotation:exclude-case": by_leads(302, reason="Image damaged."),
    "annotation:count-progress": by_leads(302),
    "annotation:ask-models": by_leads(422),
    "annotation:open-round": by_leads(422),
    "annotation:close-round": by_leads(302),
    "annotation:connect-label-studio": by_leads(422),
    "annotation:forget-label-studio": by_leads(302),
    "annotation:push-tasks": by_leads(302),
    "annotation:pull-annotations": by_leads(302),
    "annotation:name-label-studio-user": by_leads(302),
    "annotation:label-studio-tasks": by_leads(302),  # its source may not be sent anywhere
    "annotation:compute-agreement": by_leads(302),
    "training:launch": by_leads(200),
    "training:resume": by_leads(302),
    "training:probe": by_leads(302),
    "benchmark:compute-leaderboard": by_leads(302),
    "benchmark:compute-report": by_leads(302),
    "benchmark:launch": by_leads(200),
    "benchmark:recheck": by_leads(302),
    "benchmark:pause": by_leads(302),
    "benchmark:batch-act": by_leads(302),
    "benchmark:resume": by_leads(302),
    "benchmark:give-up": by_leads(302),
    "site:idle-stay": Sent(NOT_HERE),  # no time-out is set
    "site:idle-leave": Sent(NOT_HERE),
    "site:count": by_leads(302),
    "site:new-pipeline": by_leads(200),
    "site:resume-pipeline": by_leads(302),
    "site:cancel-pipeline": by_leads(302),
}
