"""What the eventsourcing library asks of a store, the same for every database."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import Any, ClassVar, Generic, TypeVar

from eventsourcing.persistence import (
    AggregateRecorder,
    ApplicationRecorder,
    InfrastructureFactory,
    IntegrityError,
    ListenNotifySubscription,
    ProcessRecorder,
    StoredEvent,
    TrackingRecorder,
)

from ..clock import Clock, SystemClock
from .port import Transaction


class LogRecorder(ApplicationRecorder):
    """A recorder that tells listeners of the commits of this process."""

    CONFLICT: ClassVar[type[Exception]]
    """What the driver raises when a version is taken."""

    def __init__(self) -> None:
        self._listeners: dict[object, Callable[[], object]] = {}

    @abstractmethod
    def create_tables(self) -> None:
        """Create what is missing, or say that it is."""

    @abstractmethod
    def transaction(self, *, confirmed: bool = False) -> AbstractContextManager[Transaction]:
        """See port.Recorder."""

    @abstractmethod
    def head(self) -> int:
        """See port.Recorder."""

    @abstractmethod
    def close(self) -> None:
        """See port.Recorder."""

    def on_commit(self, listener: Callable[[], object]) -> Callable[[], None]:
        """Call `listener` after each commit of this process; gives a function that ends it."""
        token = object()
        self._listeners[token] = listener

        def end() -> None:
            self._listeners.pop(token, None)

        return end

    def tell(self) -> None:
        """Call the listeners."""
        for listener in tuple(self._listeners.values()):
            listener()

    def insert_events(self, stored_events: Sequence[StoredEvent], **_: Any) -> Sequence[int]:
        """Store events at the versions they bring; IntegrityError if one is taken."""
        if not stored_events:
            return []
        try:
            with self.transaction() as writing:
                return [
                    writing.put(str(e.originator_id), e.originator_version, e.topic, e.state)
                    for e in stored_events
                ]
        except self.CONFLICT as error:
            raise IntegrityError(error) from error

    def max_notification_id(self) -> int | None:
        """The head position, None for an empty log."""
        return self.head() or None

    def subscribe(self, gt: int | None = None, topics: Sequence[str] = ()) -> Subscription:
        """The library's endless iterator, woken by commits of this process."""
        return Subscription(self, gt, topics)


class Subscription(ListenNotifySubscription[LogRecorder]):
    """Follows the commits of this process."""

    def __init__(self, recorder: LogRecorder, gt: int | None, topics: Sequence[str]) -> None:
        super().__init__(recorder, gt, topics)
        self._end = recorder.on_commit(self._has_been_notified.set)
        # What was committed between the first look and the listening is looked for again.
        self._has_been_notified.set()

    def __exit__(self, *args: object, **kwargs: Any) -> None:
        """End it, and let go of the recorder."""
        self._end()
        super().__exit__(*args, **kwargs)


Kept = TypeVar("Kept", bound=LogRecorder)


class LogFactory(InfrastructureFactory[TrackingRecorder], Generic[Kept]):
    """What the library builds from the module that PERSISTENCE_MODULE names."""

    clock: Clock | None = None
    """Set before the recorder is asked for; the machine's own clock if not."""

    @abstractmethod
    def open_log(self, clock: Clock) -> Kept:
        """The recorder of the database that the settings name."""

    def application_recorder(self) -> Kept:
        """The log, its tables there."""
        self.recorder = self.open_log(self.clock or SystemClock())
        try:
            self.recorder.create_tables()
        except BaseException:
            self.recorder.close()
            raise
        return self.recorder

    def aggregate_recorder(self, purpose: str = "events") -> AggregateRecorder:
        """Not kept: nothing here needs snapshots beside the log."""
        raise NotImplementedError

    def tracking_recorder(
        self, tracking_recorder_class: type[TrackingRecorder] | None = None
    ) -> TrackingRecorder:
        """Not kept: a follower keeps its position with its own output."""
        raise NotImplementedError

    def process_recorder(self) -> ProcessRecorder:
        """Not kept: a follower keeps its position with its own output."""
        raise NotImplementedError

    def close(self) -> None:
        """Close the log."""
        if hasattr(self, "recorder"):
            self.recorder.close()
