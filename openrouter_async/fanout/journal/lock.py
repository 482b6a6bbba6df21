"""One run at a time: the lock of a journal, which ends with its process."""

from __future__ import annotations

import errno
import os
import sys

if sys.platform == "win32":  # pragma: no cover
    import msvcrt

    # Locked bytes cannot be read by others, so one far behind the text is taken.
    _PLACE = 1 << 62

    def lock(descriptor: int) -> bool:
        """Take the lock of an open file; return whether it was free."""
        os.lseek(descriptor, _PLACE, os.SEEK_SET)
        try:
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        except OSError as exc:
            if exc.errno in (errno.EACCES, errno.EDEADLK):
                return False

            raise

        return True

    def unlock(descriptor: int) -> None:
        """Give the lock back."""
        os.lseek(descriptor, _PLACE, os.SEEK_SET)
        msvcrt.locking(descriptor, msvcrt.LK_UNLCK, 1)

else:
    import fcntl

    def lock(descriptor: int) -> bool:
        """Take the lock of an open file; return whether it was free."""
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False

        return True

    def unlock(descriptor: int) -> None:
        """Give the lock back, also for a forked process that has the file open."""
        fcntl.flock(descriptor, fcntl.LOCK_UN)
