FROM python:3.11-slim-bookworm
RUN useradd --create-home --uid 1000 consilium && install -d -m 700 -o consilium /data /keys /anchors
WORKDIR /app
COPY requirements.txt .
RUN pip install --no-cache-dir -r requirements.txt
COPY . .
RUN home=$(mktemp -d) && CONSILIUM_HOME=$home python manage.py check && rm -rf "$home"
USER consilium
