"""People who read and write while something happens."""
import collections
import threading
import time

from browser import Browser


class Load:
    """Four people who read and two who write, as fast as they can, each on one connection; or with a pause between."""

    def __init__(self, stack, office, pause=0):
        self.stack, self.office, self.pause = stack, office, pause
        self.found, self.waits, self._ending = [], [], threading.Event()

    def start(self):
        self.begun = time.monotonic()
        kinds = ["GET"] * 4 + ["POST"] * 2
        self._threads = [threading.Thread(target=self._go, args=(kind, n))
                         for n, kind in enumerate(kinds)]
        for thread in self._threads:
            thread.start()

    def stop(self):
        self._ending.set()
        for thread in self._threads:
            thread.join()
        self.seconds = time.monotonic() - self.begun

    def answers(self, kind):
        return collections.Counter(answer for asked, answer, _ in self.found if asked == kind)

    def _go(self, kind, n):
        person = Browser(self.stack.url)
        person.cookies = dict(self.office.sales.cookies)
        person.token = self.office.sales.token
        number = 0
        while not self._ending.is_set():
            number += 1
            begun = time.monotonic()
            try:
                page = person.get("/leads") if kind == "GET" else person.post(
                    "/leads", {"title": f"Rolled {n}-{number}"})
                answer = page.status
            except Exception as problem:
                answer = repr(problem)
            wait = time.monotonic() - begun
            self.found.append((kind, answer, wait))
            self.waits.append((begun - self.begun, wait))
            time.sleep(self.pause)
