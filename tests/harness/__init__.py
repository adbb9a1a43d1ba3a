"""What the black-box tests stand on: a gateway process, a scripted fake provider, a raw HTTP client. Standard library."""

import time


class Deadline:
    """`for _ in Deadline(5): if done(): break` polls until then and fails afterwards; never a fixed sleep."""

    def __init__(self, seconds, what="the condition", every=0.005):
        self.seconds, self.what, self.every = seconds, what, every

    def __iter__(self):
        end = time.monotonic() + self.seconds
        yield 0
        while time.monotonic() < end:
            time.sleep(self.every)
            yield 0
        raise AssertionError("not within %.1f s: %s" % (self.seconds, self.what))


def wait_for(condition, seconds=5.0, what="the condition"):
    """Polls until `condition()` is true and returns what it gave."""
    for _ in Deadline(seconds, what):
        got = condition()
        if got:
            return got
