"""Waiting for what a program does in its own time."""
import time


class TookTooLong(AssertionError):
    pass


def wait_for(what, test, seconds=15):
    """what the test gives, as soon as it gives something"""
    end = time.monotonic() + seconds
    while not (found := test()):
        if time.monotonic() > end:
            raise TookTooLong('waited %d s for %s' % (seconds, what))
        time.sleep(0.02)
    return found
