"""How long the parts of a training step take."""

import time


class Stopwatch:
    """Measures one thing after the other, without gaps.

    Attributes:
        seconds: the sum of all laps.
        laps: for each name, the seconds of its last lap.
    """

    def __init__(self) -> None:
        self.seconds = 0.0
        self.laps: dict[str, float] = {}
        self._lap_began = time.perf_counter()

    def start(self) -> None:
        """Begin a lap now; what came before counts for nothing."""
        self._lap_began = time.perf_counter()

    def lap(self, name: str) -> None:
        """End the lap under this name, and begin the next."""
        now = time.perf_counter()
        self.laps[name] = now - self._lap_began
        self.seconds += now - self._lap_began
        self._lap_began = now
