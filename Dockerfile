# Two images: `docker build --target web .` for the web process and workers of the default queue (no torch),
# `--target worker` for workers of the gpu queue. Debian 13 has the pg_dump of PostgreSQL 17 (compose.yaml's database).
FROM python:3.13-slim-trixie AS base
RUN apt-get update && apt-get install -y --no-install-recommends postgresql-client && rm -rf /var/lib/apt/lists/*
RUN useradd --create-home --uid 1000 consilium && install -d -m 700 -o consilium /data /keys /anchors
WORKDIR /app
COPY requirements-web.txt .
RUN pip install --no-cache-dir -r requirements-web.txt

FROM base AS web
COPY . .
RUN home=$(mktemp -d) && CONSILIUM_HOME=$home python manage.py check && rm -rf "$home"
USER consilium

FROM base AS worker
# A kernel of the training library is compiled at the first step on a GPU.
RUN apt-get update && apt-get install -y --no-install-recommends gcc libc6-dev && rm -rf /var/lib/apt/lists/*
COPY requirements.txt .
RUN pip install --no-cache-dir -r requirements.txt
COPY . .
RUN home=$(mktemp -d) && CONSILIUM_HOME=$home python manage.py check && rm -rf "$home"
USER consilium
