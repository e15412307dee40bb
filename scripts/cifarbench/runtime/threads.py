"""Map a function over chunks with several threads, one core each."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

from threadpoolctl import threadpool_limits

Chunk = TypeVar("Chunk")
Result = TypeVar("Result")


def map_threaded(work: Callable[[Chunk], Result], chunks: Iterable[Chunk], threads: int) -> Iterator[Result]:
    """Yield `work(chunk)` for each chunk, in order, computed by several threads.

    NumPy releases the interpreter in products and copies. Each product uses one core, so results do not depend on
    `threads`. At most `threads` results are computed in advance. With one thread, libraries use their own threads.
    """
    if threads == 1:
        yield from map(work, chunks)
        return
    # Some libraries have a limit per process, others per calling thread.
    with (
        threadpool_limits(1),
        ThreadPoolExecutor(threads, initializer=threadpool_limits, initargs=(1,)) as pool,
    ):
        pending: deque[Future[Result]] = deque()
        for chunk in chunks:
            pending.append(pool.submit(work, chunk))
            if len(pending) > threads:
                yield pending.popleft().result()
        while pending:
            yield pending.popleft().result()
