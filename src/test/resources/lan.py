"""A network for tests: an Ethernet switch between TAP devices, whose links can be cut, slow, late and lossy.

    lan.py PREFIX COUNT SEED

makes the devices PREFIX1 to PREFIXcount, says "ready", and obeys commands, one a line, each answered by "ok":

    link A B DELAY_MILLIS LOSS_PERCENT BYTES_PER_SECOND     the way between the ports A and B; 0 is no limit
    cut A B                                                  nothing passes between A and B

It ends when its standard input does, and the devices with it. It does what tc's netem would, which many kernels lack.
Port N has the address 02:00:00:00:00:N, so there is nothing to learn.
"""

import fcntl
import heapq
import itertools
import os
import random
import selectors
import struct
import sys
import time

TUNSETIFF = 0x400454CA
IFF_TAP = 0x0002
IFF_NO_PI = 0x1000
FRAME_MAX_BYTES = 1 << 16
QUEUE_MAX_BYTES = 4 << 20
BATCH = 64


class Link:
    """One direction between two ports."""

    def __init__(self):
        self.cut = False
        self.delay = 0.0
        self.loss = 0.0
        self.rate = 0
        self.busy_until = 0.0
        self.queued = 0

    def is_plain(self):
        return not (self.delay or self.rate or self.queued)


def open_tap(name):
    tap = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
    fcntl.ioctl(tap, TUNSETIFF, struct.pack("16sH", name.encode(), IFF_TAP | IFF_NO_PI))
    return tap


class Switch:
    def __init__(self, prefix, count, seed):
        self.taps = {n: open_tap(prefix + str(n)) for n in range(1, count + 1)}
        self.links = {(a, b): Link() for a in self.taps for b in self.taps if a != b}
        self.random = random.Random(seed)
        self.late = []  # heap of (when, number, link, port, frame)
        self.numbers = itertools.count()

    def obey(self, words):
        a, b = int(words[1]), int(words[2])
        for link in (self.links[a, b], self.links[b, a]):
            link.cut = words[0] == "cut"
            if words[0] == "link":
                link.delay = float(words[3]) / 1000
                link.loss = float(words[4]) / 100
                link.rate = int(words[5])

    def forward(self, source, frame):
        to_all = frame[0] & 1
        for port in self.taps:
            if port != source and (to_all or frame[5] == port):
                self.send(self.links[source, port], port, frame)

    def send(self, link, port, frame):
        if link.cut or (link.loss and self.random.random() < link.loss):
            return
        if link.is_plain():
            self.deliver(port, frame)
        elif link.queued < QUEUE_MAX_BYTES:
            when = time.monotonic()
            if link.rate:
                link.busy_until = max(when, link.busy_until) + len(frame) / link.rate
                when = link.busy_until
            link.queued += len(frame)
            heapq.heappush(self.late, (when + link.delay, next(self.numbers), link, port, frame))

    def deliver(self, port, frame):
        try:
            os.write(self.taps[port], frame)
        except OSError:
            pass  # as on a real network: the device is down, or has no room

    def deliver_late(self):
        """Returns how long it is to the next one, in seconds; None if there is none."""
        while self.late:
            left = self.late[0][0] - time.monotonic()
            if left > 0:
                return left
            _, _, link, port, frame = heapq.heappop(self.late)
            link.queued -= len(frame)
            if not link.cut:
                self.deliver(port, frame)
        return None

    def run(self):
        selector = selectors.DefaultSelector()
        for port, tap in self.taps.items():
            selector.register(tap, selectors.EVENT_READ, port)
        selector.register(sys.stdin.fileno(), selectors.EVENT_READ, None)
        print("ready", flush=True)
        while True:
            for key, _ in selector.select(self.deliver_late()):
                if key.data is None:
                    line = sys.stdin.readline()
                    if not line:
                        return
                    self.obey(line.split())
                    print("ok", flush=True)
                else:
                    self.receive(key.data)

    def receive(self, port):
        for _ in range(BATCH):
            try:
                frame = os.read(self.taps[port], FRAME_MAX_BYTES)
            except BlockingIOError:
                return
            except OSError:
                return  # not up yet, or no longer
            self.forward(port, frame)


Switch(sys.argv[1], int(sys.argv[2]), int(sys.argv[3])).run()
