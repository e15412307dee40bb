"""Map a function over chunks by several threads, one core each."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from threadpoolctl import threadpool_limits

Piece = TypeVar("Piece")
Found = TypeVar("Found")


def map_threaded(work: Callable[[Piece], Found], pieces: Iterable[Piece], threads: int) -> Iterator[Found]:
    """Yield `work(piece)` for each piece, in order, computed by several threads.

    NumPy releases the interpreter in products and copies, and each product uses one core, so results do not depend on
    `threads`. At most `threads` results are computed ahead. With one thread, libraries keep their own threads.
    """
    if threads == 1:
        yield from map(work, pieces)
        return
    # Some libraries count threads for the whole process, others for each thread that calls them.
    with (
        threadpool_limits(1),
        ThreadPoolExecutor(threads, initializer=threadpool_limits, initargs=(1,)) as pool,
    ):
        ahead: deque = deque()
        for piece in pieces:
            ahead.append(pool.submit(work, piece))
            if len(ahead) > threads:
                yield ahead.popleft().result()
        while ahead:
            yield ahead.popleft().result()
