"""Work on pieces by several threads, each of which keeps one core busy."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from threadpoolctl import threadpool_limits

Piece = TypeVar("Piece")
Found = TypeVar("Found")


def map_threaded(work: Callable[[Piece], Found], pieces: Iterable[Piece], threads: int) -> Iterator[Found]:
    """What `work` makes of each piece, in the order of the pieces, by so many threads.

    Products and copies of arrays let other threads run, and each product uses one core, so that what comes out doesn't
    depend on `threads`. At most so many pieces are ahead of what has been taken. With one thread, the work is done
    where it is asked for, and libraries keep the threads that they have.
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
