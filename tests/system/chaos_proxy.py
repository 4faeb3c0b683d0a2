"""A TCP proxy on loopback that treats connections badly, by a seed.

    with ChaosProxy(port_of_the_target, seed=7) as proxy:
        ...                     # connect to proxy.address instead of the target
        proxy.partition()       # silence: connections stay open, nothing passes, no reset
        proxy.heal()
        proxy.tear()            # every open connection ends, in its own way, with what comes next

What passes is delayed, cut into pieces and held up; a connection may be reset, or closed in one
direction only. What happens to a connection is drawn from the seed and the connection's number,
what happens when depends on how the bytes come. Standard library only.
"""

import asyncio
import collections
import random
import socket
import struct
import threading

MOST_BYTES = 64 * 1024  # read at once
LONGEST_DELAY_SECONDS = 0.02
LONGEST_STALL_SECONDS = 2.0
# Probabilities for each piece that passes.
STALL, SPLIT = 0.01, 0.3
# Bytes that a connection passes before it ends, at most; the end is a reset or a half-closing.
LONGEST_LIFE_BYTES = 1_500_000


class Pipe:
    """One direction of one connection."""

    def __init__(self, proxy, dice, name):
        self.proxy, self.dice, self.name = proxy, dice, name
        self.left = dice.randint(2_000, LONGEST_LIFE_BYTES)
        self.end = dice.choice(("reset", "half-close"))

    async def pump(self, reader, writer):
        """Until the source ends (False), or this direction's time is over (True)."""
        while True:
            piece = await reader.read(self.dice.randint(1, MOST_BYTES))
            await self.proxy.passable(self.name)
            if not piece:
                return False
            if self.left <= 0:
                return True
            self.left -= len(piece)
            await self.hold_up()
            for part in self.parts(piece):
                writer.write(part)
                await writer.drain()
                await self.proxy.passable(self.name)

    async def hold_up(self):
        if self.dice.random() < STALL:
            self.proxy.count["stalls"] += 1
            await asyncio.sleep(self.dice.uniform(0.1, LONGEST_STALL_SECONDS))
        else:
            await asyncio.sleep(self.dice.uniform(0, LONGEST_DELAY_SECONDS))

    def parts(self, piece):
        if len(piece) < 2 or self.dice.random() >= SPLIT:
            return [piece]
        self.proxy.count["splits"] += 1
        at = self.dice.randint(1, len(piece) - 1)
        return [piece[:at], piece[at:]]


def reset(writer):
    """Closes with RST instead of FIN."""
    writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                                               struct.pack("ii", 1, 0))
    writer.transport.abort()


class ChaosProxy:
    """Thread-safe from outside; everything inside runs on one thread of its own."""

    def __init__(self, target_port, seed):
        self.target_port, self.seed = target_port, seed
        self.count = collections.Counter()
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self.gates = {}
        self.pipes = set()  # that carry now
        self.server = None
        self.address = None

    def __enter__(self):
        self.thread.start()
        self.run(self.listen())
        return self

    def __exit__(self, *_):
        self.run(self.close())
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join()
        self.loop.close()

    def run(self, coroutine):
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop).result(30)

    async def listen(self):
        self.gates = {name: asyncio.Event() for name in ("up", "down")}
        for gate in self.gates.values():
            gate.set()
        self.server = await asyncio.start_server(self.serve, "127.0.0.1", 0)
        self.address = "127.0.0.1:%d" % self.server.sockets[0].getsockname()[1]

    async def close(self):
        self.server.close()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    def partition(self, *directions):
        """Silence towards the target ("up"), from it ("down"), or both."""
        self.switch(directions, asyncio.Event.clear)

    def heal(self):
        self.switch((), asyncio.Event.set)

    def tear(self):
        async def act():
            for pipe in self.pipes:
                pipe.left = 0

        self.run(act())

    def switch(self, directions, change):
        async def act():
            for name in directions or self.gates:
                change(self.gates[name])

        self.run(act())

    async def passable(self, name):
        await self.gates[name].wait()

    async def serve(self, reader, writer):
        number = self.count["connections"]
        self.count["connections"] += 1
        writers = [writer]
        try:
            target_reader, target_writer = await asyncio.open_connection("127.0.0.1",
                                                                         self.target_port)
            writers.append(target_writer)
            ends = [(name, source, sink) for name, source, sink in
                    (("up", reader, target_writer), ("down", target_reader, writer))]
            await asyncio.gather(*(self.carry(number, writers, *end) for end in ends))
        except OSError:
            pass  # either side went away: so does the other
        finally:
            for each in writers:
                each.transport.abort()

    async def carry(self, number, writers, name, source, sink):
        pipe = Pipe(self, random.Random(f"{self.seed}/{number}/{name}"), name)
        self.pipes.add(pipe)
        try:
            is_over = await pipe.pump(source, sink)
        finally:
            self.pipes.remove(pipe)
        if not is_over:
            sink.write_eof()
            return
        if pipe.end == "half-close":
            self.count["half-closes"] += 1
            sink.write_eof()
            return
        self.count["resets"] += 1
        for writer in writers:
            reset(writer)
        raise ConnectionResetError
