"""Django settings; everything a site may change comes from the environment (docs/configuration.md)."""

import os
from pathlib import Path

from csp.constants import NONE, SELF

from consilium import environment, gpu_sets, keys, logs, rates
from consilium.blobs.store_address import read_store_address
from consilium.hub.address import read_hub_address
from consilium.single_sign_on.configuration import read_sign_on

BASE_DIR = Path(__file__).resolve().parent.parent
CONSILIUM_HOME = environment.home_folder(BASE_DIR)
_keys = keys.read_keys(CONSILIUM_HOME)
SECRET_KEY, SECRET_KEY_FALLBACKS = _keys.signing, list(_keys.retired)
IDENTITY_KEY, IDENTITY_KEY_IS_FORMER, RECORD_KEY = _keys.identity, _keys.identity_is_former, _keys.record
KEY_FOLDER = _keys.folder
# A second place for the anchors of the audit record, best on another host's disk.
SECOND_ANCHORS = environment.read_folder("CONSILIUM_ANCHORS")
# Where audit events are streamed to.
SYSLOG = environment.read_syslog("CONSILIUM_SYSLOG")
DEBUG = environment.read_flag("CONSILIUM_DEBUG")
ALLOWED_HOSTS = environment.read_list("CONSILIUM_HOSTS", ["127.0.0.1", "localhost", "[::1]"])
CSRF_TRUSTED_ORIGINS = environment.read_list("CONSILIUM_ORIGINS", [])
HTTPS = environment.read_flag("CONSILIUM_HTTPS")

INSTALLED_APPS = [
    "consilium.ui",
    "consilium.people",
    "consilium.audit",
    "consilium.single_sign_on",
    "consilium.signatures",
    "consilium.blobs",
    "consilium.jobs",
    "consilium.backups",
    "consilium.workqueue",
    "consilium.inference",
    "consilium.hub",
    "curation",
    "annotation",
    "training",
    "benchmark",
    "dashboard",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django_htmx",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.socialaccount",
    "csp",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "dashboard.metrics.response_times.ResponseTimeMiddleware",
    "csp.middleware.CSPMiddleware",
    "django_permissions_policy.PermissionsPolicyMiddleware",
    "dashboard.middleware.RequestContextMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "dashboard.body_limits.BodyLimitMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "dashboard.idle.IdleMiddleware",
    "dashboard.middleware.LoginRequiredMiddleware",
    "dashboard.second_factor.SecondFactorMiddleware",
    "dashboard.middleware.RefusalMiddleware",
    "dashboard.middleware.PrivateResponseMiddleware",
]

ROOT_URLCONF = "consilium.urls"
WSGI_APPLICATION = "consilium.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "dashboard.navigation.navigation",
                "consilium.single_sign_on.context.ways_in",
                "dashboard.idle.idle_watch",
            ]
        },
    }
]

DATABASES = {"default": environment.database(CONSILIUM_HOME)}
# Who migrates, and who may look (docs/configuration.md); None: the application's own role owns the tables.
DATABASE_OWNER = environment.database_role("DATABASE_OWNER_URL", DATABASES["default"])
DATABASE_READER = environment.database_role("DATABASE_READER_URL", DATABASES["default"])
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
CACHES = {"default": {"BACKEND": "consilium.people.database_cache.RememberedCache"}}

AUTH_USER_MODEL = "people.Person"
AUTHENTICATION_BACKENDS = ["consilium.people.sessions.Backend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 12},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "site:home"
ACCOUNT_ADAPTER = "consilium.people.accounts.AccountAdapter"
ACCOUNT_LOGIN_METHODS = {"username"}
ACCOUNT_FORMS = {"login": "consilium.people.accounts.NameForm"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "password1*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_USER_MODEL_EMAIL_FIELD = "email"
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_SESSION_REMEMBER = False
# consilium.people.attempts counts instead: allauth's key holds the Host header, and it knows a lock only.
ACCOUNT_RATE_LIMITS = {"login": None, "login_failed": None, "reauthenticate": None}
ACCOUNT_LOGOUT_ON_PASSWORD_CHANGE = False
# The OpenID provider that people may come in through; without it, or beside it, with a password.
SIGN_ON = read_sign_on(KEY_FOLDER)
# Of whom a second factor is demanded.
SECOND_FACTOR = environment.read_words("CONSILIUM_SECOND_FACTOR", ("leads", "operators"))
SOCIALACCOUNT_ADAPTER = "consilium.single_sign_on.provider.SocialAdapter"
PASSWORD_LOGIN = environment.read_flag("CONSILIUM_PASSWORD_LOGIN", default=True)
if SIGN_ON is None and not PASSWORD_LOGIN:
    raise environment.EnvironmentRefused(
        "CONSILIUM_PASSWORD_LOGIN=0 needs single sign-on (CONSILIUM_SSO_ISSUER)."
    )
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes"]
MFA_ADAPTER = "consilium.people.accounts.FactorAdapter"
MFA_FORMS = {
    "authenticate": "consilium.people.accounts.CodeForm",
    "reauthenticate": "consilium.people.accounts.CodeAgainForm",
}
EMAIL_BACKEND = "django.core.mail.backends.dummy.EmailBackend"

SESSION_ENGINE = "consilium.people.sessions"
SESSION_COOKIE_AGE = 12 * 3600
# After how long without a sign of the person a session ends; 0: never before its age.
IDLE_SECONDS = environment.read_minutes("CONSILIUM_IDLE_MINUTES") * 60
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_HTTPONLY = True  # scripts take the token from the page
if HTTPS:
    SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = True
    SESSION_COOKIE_NAME, CSRF_COOKIE_NAME = "__Host-session", "__Host-csrf"
    # The proxy writes both headers itself; without its word on the address all people would share one limit.
    ALLAUTH_TRUSTED_PROXY_COUNT = 1
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    SECURE_HSTS_SECONDS = 31_536_000
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "blob:"],
        "connect-src": [SELF],
        "font-src": [SELF],
        "form-action": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
        "object-src": [NONE],
    }
}
PERMISSIONS_POLICY: dict[str, list[str]] = {
    name: [] for name in ("camera", "geolocation", "microphone", "payment", "usb", "fullscreen")
}

LANGUAGE_CODE = "en-gb"
TIME_ZONE = "UTC"
USE_TZ = True
# One language: texts and formats need no look-up for each value of each page.
USE_I18N = False
DATE_FORMAT, DATETIME_FORMAT, TIME_FORMAT = "j M Y", "j M Y, H:i", "H:i"
STATIC_URL = "static/"
STATICFILES_DIRS = [BASE_DIR / "static"]
STATIC_ROOT = CONSILIUM_HOME / "static"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.InMemoryStorage"},
    "staticfiles": {"BACKEND": "consilium.ui.storage.BundledStorage"},
}
FILE_UPLOAD_TEMP_DIR = str(CONSILIUM_HOME / "uploads")
environment.make_folder(CONSILIUM_HOME / "uploads")
UPLOAD_MAX_BYTES = environment.read_bytes("CONSILIUM_UPLOAD_LIMIT", default=8 << 30)
DATA_UPLOAD_MAX_MEMORY_SIZE = 2 * 1024 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 2000
DATA_UPLOAD_MAX_NUMBER_FILES = None  # the handler counts: its surplus becomes a message on the form
FILE_UPLOAD_HANDLERS = ["curation.imports.upload_handlers.SpoolHandler"]

# A bucket for stored files, exports and uploads, so that hosts share no disk; None: the data folder.
OBJECT_STORE = read_store_address()

BROKER_URL = os.environ.get("BROKER_URL", "")
# Walls of the process that decodes uploads without which an operator lets it work.
DECODE_WITHOUT = environment.read_words("CONSILIUM_DECODE_WITHOUT", ("network", "files", "calls"))
JOB_LEASE_SECONDS = environment.read_seconds("CONSILIUM_JOB_LEASE", default=30.0)
# Days for which pixels of a refused image, and texts of a question dropped while held, stay on the disk.
PURGE_DAYS = environment.read_days("CONSILIUM_PURGE_DAYS", default=30.0)
JOB_RETRY_SECONDS = environment.read_seconds("CONSILIUM_JOB_RETRY", default=5.0)
# Where backups go by themselves, how often, how many are kept; nothing by itself without a folder.
BACKUPS_FOLDER = os.environ.get("CONSILIUM_BACKUPS", "")
BACKUP_HOURS = environment.read_hours("CONSILIUM_BACKUP_HOURS", default=24.0)
BACKUPS_KEPT = environment.read_count("CONSILIUM_BACKUPS_KEPT", default=14)
BACKUP_MODELS = environment.read_flag("CONSILIUM_BACKUP_MODELS")
BACKUP_BEFORE_MIGRATIONS = environment.read_flag("CONSILIUM_BACKUP_BEFORE_MIGRATIONS", default=True)
# What one person may do in a while; beyond it a request is answered 429.
RATES = rates.read_rates(os.environ.get("CONSILIUM_RATES", ""))
# Addresses (host:port) that a remote model endpoint may have; none unless the operator lists them.
MODEL_HOSTS = environment.read_list("CONSILIUM_MODEL_HOSTS", [])
# The same of Label Studio servers that studies exchange work with.
LABEL_STUDIO_HOSTS = environment.read_list("CONSILIUM_LABEL_STUDIO_HOSTS", [])
# Calls that a remote model gets at once.
CALLS_IN_FLIGHT = environment.read_count("CONSILIUM_CALLS_IN_FLIGHT", default=64)
# The Hugging Face Hub that releases and models are pushed to, and where its large files may lie.
HUB = read_hub_address()
# Who sends it reads the figures at /metrics; without it that address does not exist.
METRICS_TOKEN = environment.read_token("CONSILIUM_METRICS_TOKEN")
# Sets of GPUs that jobs can ask for; the one that this worker has; who runs the training process, and who the
# servers of local models.
GPU_SETS = gpu_sets.read_sets(os.environ)
GPU_SET = gpu_sets.read_own(os.environ, GPU_SETS)
TRAINER = environment.read_command("CONSILIUM_TRAINER")
MODEL_SERVER = environment.read_command("CONSILIUM_MODEL_SERVER")
MODELS_FOLDER = Path(os.environ.get("CONSILIUM_MODELS") or CONSILIUM_HOME / "models").resolve()

LOGGING = logs.configuration(os.environ.get("CONSILIUM_LOG_LEVEL", "INFO"))
