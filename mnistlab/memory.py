"""Freed memory in Linux's C library: it is kept from step to step, and the engine gives it back after each run."""

import ctypes
import platform
import sys

# From glibc's malloc.h; the values set below are those at which its own dynamic adjustment ends.
_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3


def keep_freed_memory() -> None:
    """Keep what one step frees for the next one, up to 64 MB, until this process ends.

    By default the library gives part of it back, and fetches it again page by page: 30 to 100 pages per step of the
    tutorial's network. With Dask's setting for its workers it gives back all, and a step takes 3.0 ms instead of 1.0.
    """
    if _is_glibc():
        library = ctypes.CDLL(None)
        library.mallopt(_M_MMAP_THRESHOLD, 32 * 2**20)
        library.mallopt(_M_TRIM_THRESHOLD, 64 * 2**20)


def give_back_memory() -> None:
    """Give what a run has freed back to the system, for others to use between two runs."""
    if _is_glibc():
        ctypes.CDLL(None).malloc_trim(0)


def _is_glibc() -> bool:
    return sys.platform == "linux" and platform.libc_ver()[0] == "glibc"
