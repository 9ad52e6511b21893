"""What a route asks of who calls it: a rule each, and none means that nobody may.

A route says it itself (`@needs(Right.CASES)`), or whoever adds routes of a library says it for
them, by path (`Rules.declare`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple, TypeVar

from fastapi.routing import iter_route_contexts
from starlette.routing import Match
from starlette.types import Scope

from .rights import Right

F = TypeVar("F", bound=Callable[..., Any])
ATTRIBUTE = "__access_rule__"


class Rule(NamedTuple):
    """kind: open (for anybody), key (the route asks for a source system's key itself), session
    (anybody signed in, at whatever step), right (who has that right), closed (for nobody).
    """

    kind: str
    right: Right | None = None


OPEN = Rule("open")
KEY = Rule("key")
SESSION = Rule("session")
CLOSED = Rule("closed")


def needs(rule: Rule | Right) -> Callable[[F], F]:
    """Say what an endpoint asks, in all routes that it has; ValueError if it asks another thing."""
    given = Rule("right", rule) if isinstance(rule, Right) else rule

    def mark(endpoint: F) -> F:
        if getattr(endpoint, ATTRIBUTE, given) != given:
            raise ValueError(f"{endpoint.__qualname__} asks {given}, and something else already")
        setattr(endpoint, ATTRIBUTE, given)
        return endpoint

    return mark


class Found(NamedTuple):
    """A route's path as it was declared, and its rule."""

    path: str
    rule: Rule


class Rules:
    """The rules of an application's routes."""

    def __init__(self, routes: Callable[[], Iterable[Any]]) -> None:
        self._routes = routes
        self._declared: dict[str, Rule] = {}

    def declare(self, rules: Mapping[str, Rule]) -> None:
        """Rules for routes by their declared paths."""
        self._declared.update(rules)

    def of(self, route: Any) -> Rule | None:
        """A route's rule; None where nobody gave one."""
        own = getattr(getattr(route, "endpoint", None), ATTRIBUTE, None)
        return own if own is not None else self._declared.get(getattr(route, "path", ""))

    def find(self, scope: Scope) -> Found | None:
        """The rule of the route that would answer; None where none would, or it has no rule."""
        part: Any = None
        for route in self.all():
            match, _ = route.matches(scope)
            if match is Match.FULL:
                return self._found(route)
            if match is Match.PARTIAL and part is None:
                part = route
        return self._found(part) if part is not None else None

    def all(self) -> list[Any]:
        """The application's routes, those of included routers among them."""
        return list(iter_route_contexts(list(self._routes())))

    def _found(self, route: Any) -> Found | None:
        rule = self.of(route)
        return Found(route.path, rule) if rule is not None else None
