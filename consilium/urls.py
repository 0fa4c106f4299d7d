"""All addresses. Each room and app owns its own list; accounts take only what needs no e-mail."""

from allauth.account import views as account
from django.urls import URLPattern, URLResolver, include, path

from consilium.people.password_login import change_password
from consilium.signatures.views import log_out
from consilium.single_sign_on.views import confirm

handler500 = "dashboard.views.server_error"

accounts: list[URLPattern | URLResolver] = [
    path("login/", account.login, name="account_login"),
    path("logout/", log_out, name="account_logout"),
    path("reauthenticate/", confirm, name="account_reauthenticate"),
    path("password/change/", change_password, name="account_change_password"),
    path("2fa/", include("allauth.mfa.urls")),
]

urlpatterns: list[URLPattern | URLResolver] = [
    path("accounts/", include(accounts)),
    path("", include("consilium.people.urls")),
    path("", include("consilium.single_sign_on.urls")),
    path("", include("consilium.signatures.urls")),
    path("", include("consilium.workqueue.urls")),
    path("", include("consilium.jobs.urls")),
    path("", include("consilium.inference.urls")),
    path("", include("consilium.hub.urls")),
    path("", include("curation.urls")),
    path("", include("annotation.urls")),
    path("", include("training.urls")),
    path("", include("benchmark.urls")),
    path("", include("dashboard.urls")),
]
