# The product with the packages of a cluster; what it does is its command: supervise serve ROLE.
FROM python:3.11.14-slim-bookworm
ENV PIP_NO_CACHE_DIR=1 PYTHONDONTWRITEBYTECODE=1 SUPERVISION_HOME=/var/lib/supervision
WORKDIR /opt/supervision
COPY . .
RUN python -m pip install --quiet '.[cluster]' -c constraints.txt \
    && useradd --system --uid 10001 --home-dir "$SUPERVISION_HOME" --create-home supervision
USER supervision
VOLUME ["/var/lib/supervision"]
ENTRYPOINT ["supervise"]
