# The product with the packages of a cluster. What a container does is its command: serve ROLE.
FROM python:3.11.15-slim-bookworm AS built
WORKDIR /source
COPY . .
RUN python -m venv /opt/supervision \
    && /opt/supervision/bin/pip install --no-cache-dir '.[cluster]' -c constraints.txt

FROM python:3.11.15-slim-bookworm
COPY --from=built /opt/supervision /opt/supervision
# What papers are drawn with, and a font that has their characters.
RUN apt-get update && apt-get install -y --no-install-recommends \
        libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0 fonts-noto-cjk \
    && rm -rf /var/lib/apt/lists/*
ENV PATH=/opt/supervision/bin:$PATH SUPERVISION_HOME=/var/lib/supervision
RUN useradd --system --uid 10001 --home-dir "$SUPERVISION_HOME" --create-home supervision
USER supervision
WORKDIR $SUPERVISION_HOME
ENTRYPOINT ["supervise"]
