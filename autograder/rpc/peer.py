"""One side of the RPC: asks, answers, and answers what is asked back while it waits. One thread, one socket.

A request names an operation and carries its arguments; the answer carries the result, what the call changed in its
arguments, what it printed, and files that it wrote. The examiner's side is `trusted`: it gives to the other side only
functions, iterators and objects of the instructor's own classes, and of these only what is public.
"""

import contextlib
import importlib
import socket
import sys
import threading
from collections.abc import Iterable, Sequence
from typing import Any

from autograder.common.language import english
from autograder.keras_codec import model_cache, models
from autograder.keras_codec.models import Budget
from autograder.rpc import exceptions, mutations
from autograder.rpc.channel import Channel
from autograder.rpc.decoder import Decoder
from autograder.rpc.encoder import Encoder, is_mutable
from autograder.rpc.exposed import Exposed, perform, type_of
from autograder.rpc.file_sync import Folder
from autograder.rpc.fingerprints import fingerprint, same
from autograder.rpc.frames import Disconnected, RpcError
from autograder.rpc.links import Links
from autograder.rpc.printing import captured, relay, warn
from autograder.rpc.proxies import is_handle
from autograder.rpc.shared_globals import Shares, StudentGlobals, TestGlobals

PYPLOT = "matplotlib.pyplot"  # a module that keeps what was drawn
CHANGES = "changes what it is given"  # among the permitted operations of a cell, where the reference's code did so


class Peer:
    """Either side of the RPC: the examiner (`trusted`) or the candidate."""

    def __init__(
        self,
        sock: socket.socket,
        namespace: dict[str, Any],
        *,
        trusted: bool,
        folder: Folder | None = None,
        budget: Budget | None = None,
    ) -> None:
        """`namespace`: the notebook's names on this side; `budget`: how large a model may be that is rebuilt here."""
        self.namespace = namespace
        self.trusted = trusted
        self.exposed = Exposed(self, namespace, trusted)
        self.permitted: set[str] | None = None  # what handles may be asked in this cell; None: all (the rehearsal)
        self.asked: set[str] = set()
        self.models: list[models.Use] = []  # those of the student that came in this cell
        self._keeps = False
        self._open = True  # whether the other side answers; the candidate does not once a cell has ended
        self._shared: TestGlobals | None = None
        self._globals = StudentGlobals(namespace)
        self._links = Links(0 if trusted else 1)
        self._model_cache = model_cache.ModelCache()
        self._channel = Channel(sock, folder)
        self._place = str(folder.path) if folder is not None else ""
        self._budget = budget
        self._thread = threading.get_ident()
        self.calls = 0

    def begin(self, permitted: Iterable[str] | None, *, keeps: bool = False) -> None:
        """A cell begins, in which handles may be asked what is `permitted`.

        `keeps`: what a call changes in its arguments stays there, unless `CHANGES` is permitted as well.
        """
        self.permitted, self.asked, self.calls = None if permitted is None else set(permitted), set(), 0
        self._keeps, self._open = keeps, True
        self.models = []
        self._links.begin(self._links.cell + 1)
        self._shared = None
        self._model_cache.begin()

    def share(self, shares: Shares) -> None:
        """From now on until the cell ends, names of the test and of the student's functions are kept equal."""
        self._shared = TestGlobals(self.namespace, shares)

    def permits(self, question: str) -> bool:
        """Whether a handle may be asked that in this cell; see `proxies`."""
        if not self.trusted or self.permitted is None:
            self.asked.add(question)
            return True
        return question in self.permitted

    def permits_as(self, prefix: str, question: str) -> bool:
        """The same; a question is free as well where none of that prefix was asked; see `keras_codec.usage`."""
        return self.permits(question) or not any(other.startswith(prefix) for other in self.permitted or ())

    def ask(self, operation: str, number: int, arguments: tuple[Any, ...] = (), named: Any = None) -> Any:
        """Have the other side do `operation` with its object `number`; returns its result, or raises what it raised."""
        encoder = self._encoder()
        given = encoder.child(arguments), encoder.child(named) if named else None
        request = {"op": operation, "h": number, "a": given[0], "k": given[1]}
        return self._exchange(request, encoder)

    def fetch(self, names: list[str]) -> tuple[dict[str, Any], dict[str, str]]:
        """Values of the other side's names, as far as it has them; and why some can't cross."""
        answer = self._exchange({"op": "fetch", "names": names}, self._encoder())
        match answer:
            case [dict() as values, dict() as refused]:
                pass
            case _:
                raise RpcError(english("names without values"))
        return {n: v for n, v in values.items() if n in names}, {str(n): str(why) for n, why in refused.items()}

    def modules(self, names: list[str]) -> dict[str, Any]:
        """Modules of the other side by name, as handles: those that can be imported there."""
        values = self._exchange({"op": "modules", "names": names}, self._encoder())[0]
        return {name: value for name, value in values.items() if name in names and is_handle(value)}

    def end(self) -> None:
        """Tell the other side to stop serving."""
        self._open = not self.trusted
        if not self._channel.broken:
            encoder = self._encoder()
            self._channel.send({"op": "end", **self._changed_globals(encoder)}, encoder)

    def _changed_globals(self, encoder: Encoder) -> dict[str, Any]:
        changed = self._shared.message(encoder) if self._shared is not None else None
        return {} if changed is None else {"globals": changed}

    def serve(self) -> None:
        """Answer what is asked, until the other side ends it or is gone."""
        self._thread = threading.get_ident()
        with contextlib.suppress(Disconnected):
            while True:
                try:
                    self._channel.wait()
                except KeyboardInterrupt:  # meant for a call that has just returned
                    continue
                message, buffers = self._channel.receive()
                self._links.begin(message.get("cell", 0))
                if message.get("op") == "end":
                    self._channel.take_files(message, buffers)
                    self._globals.apply(message.get("globals") or {}, self._decoder(message, buffers, []))
                    return
                self._answer(message, buffers)

    def _exchange(self, request: dict[str, Any], encoder: Encoder) -> Any:
        if threading.get_ident() != self._thread:
            raise RuntimeError(english("only the thread that runs the cell can call across"))
        if not self._open:
            raise RuntimeError(english("this cell does not wait for the student's code, which it calls here"))
        self.calls += 1
        shared = self._changed_globals(encoder)
        changed = self._changed(encoder)  # also what is in use here no more: `account.log.append("x")`
        self._links.begin(self._links.cell)
        self._channel.send({**request, **shared, "cell": self._links.cell, "links": changed}, encoder)
        while True:
            message, buffers = self._channel.receive()
            if "re" in message:
                if message["re"] == "stop" and request["op"] != "__next__":
                    raise RuntimeError("StopIteration")
                return self._result(message, buffers, encoder)
            self._answer(message, buffers)

    def _take_links(self, message: dict[str, Any], decoder: Decoder) -> None:
        """Change what has changed on the other side, unless this cell keeps what is its own."""
        links = message.get("links") or []
        decoder.frozen = self._keeps and not (links and self.permits(CHANGES))
        decoder.all(links)

    def _changed(self, encoder: Encoder) -> list[Any]:
        """Containers that have changed here, with their content as it is now."""
        return [encoder.again(value) for value in self._links.changed()]

    def _encoder(self, answered: Sequence[Any] = ()) -> Encoder:
        encoder = Encoder(self.exposed.describe, answered, self._links)
        encoder.place, encoder.trusted = self._place, self.trusted
        return encoder

    def _decoder(self, message: dict[str, Any], buffers: list[bytearray], sources: list[Any]) -> Decoder:
        decoder = Decoder(message.get("n"), buffers, self.exposed.read, sources, self._budget, self._links)
        decoder.place, decoder.known = self._place, self.exposed.own_class
        if self.trusted:
            decoder.rebuild = self._model
        return decoder

    def _model(self, description: Any, arrays: list[Any], budget: Budget) -> Any:
        came = model_cache.digest(description, arrays)
        use = self._model_cache.take(came)
        if use is None:
            use = models.watch(models.rebuild(description, arrays, budget), self.permits_as)
            use.state = models.state_of(description, arrays)
            self._model_cache.keep(came, sum(array.nbytes for array in arrays), use)
        self.models.append(use)
        return use.model

    def _result(self, message: dict[str, Any], buffers: list[bytearray], encoder: Encoder) -> Any:
        warned = relay(message.get("out"))
        self._channel.take_files(message, buffers)
        decoder = self._decoder(message, buffers, encoder.sources)
        changed = message.get("changed") or []
        if not isinstance(changed, list):
            raise RpcError("malformed changes")
        if self._keeps and changed and not self.permits(CHANGES):
            changed = []
        self._take_links(message, decoder)
        for change in changed:
            if not (isinstance(change, list) and len(change) == 2 and type(change[0]) is int):
                raise RpcError("malformed change")
            if not 0 <= change[0] < len(encoder.sources) or not is_mutable(encoder.sources[change[0]]):
                raise RpcError(english("a change of what can't be changed"))
            mutations.apply(encoder.sources[change[0]], decoder, change[1])
        if self._shared is not None and "globals" in message:
            self._shared.take(message["globals"], decoder)
        kind = message["re"]
        try:
            if kind == "stop":
                raise StopIteration
            if kind == "error":
                raise exceptions.decode(message, decoder)
            if kind == "attribute":
                raise AttributeError(str(message.get("message")))
            result = decoder.value(message.get("v"))
        finally:
            self._links.settle()
        warn(warned)
        return result

    def _answer(self, message: dict[str, Any], buffers: list[bytearray]) -> None:
        """Do what is asked, and send the result, or what was raised."""
        decoder: Decoder | None = None
        before: dict[int, Any] = {}
        log: list[tuple[str, str]] = []
        result: Any = None
        error: BaseException | None = None
        try:
            self._channel.take_files(message, buffers)
            decoder = self._decoder(message, buffers, [])
            self._take_links(message, decoder)
            if message.get("op") in ("fetch", "modules"):
                self._channel.send(*self._fetched(message["op"], message.get("names")))
                return
            if not self.trusted:
                self._globals.apply(message.get("globals") or {}, decoder)
            arguments, named = decoder.value(message.get("a")), decoder.value(message.get("k")) or {}
            if isinstance(arguments, tuple):
                arguments = list(arguments)
            self._links.settle()
            own = [(n, o) for n, o in enumerate(decoder.objects) if is_mutable(o) and o not in self._links]
            before = {n: fingerprint(o) for n, o in own}
            with captured(log, relay=not self.trusted):
                result = perform(self.exposed, message.get("op"), message.get("h"), arguments, named)
        except Disconnected:
            raise
        except BaseException as caught:
            error = caught
        self._reply(message, decoder, before, log, result, error)

    def _reply(
        self,
        message: dict[str, Any],
        decoder: Decoder | None,
        before: dict[int, Any],
        log: list[tuple[str, str]],
        result: Any,
        error: BaseException | None,
    ) -> None:
        objects = decoder.objects if decoder else []
        try:
            encoder = self._encoder(objects)
            answer: dict[str, Any] = {"out": log}
            changed = [n for n, old in before.items() if not same(old, fingerprint(objects[n]))]
            answer["changed"] = [[n, encoder.again(objects[n])] for n in changed]
            answer["links"] = self._changed(encoder)
            if not self.trusted and (asked := message.get("globals")):
                answer["globals"] = self._globals.bound(asked, encoder)
            answer |= {"re": "ok", "v": encoder.child(result)} if error is None else exceptions.encode(error, encoder)
            self._channel.send(answer, encoder)
        except Disconnected:
            raise
        except (RpcError, RecursionError, MemoryError) as refusal:
            problem = RpcError(
                english("an object of type %(type)s can't cross: %(reason)s", type=type_of(result), reason=refusal)
            )
            encoder = self._encoder(objects)
            self._channel.send({"out": log, **exceptions.encode(problem, encoder)}, encoder)

    def _fetched(self, operation: str, names: Any) -> tuple[dict[str, Any], Encoder]:
        if self.trusted:
            raise RpcError(english("the examiner's names can't be fetched"))
        found = self.namespace if operation == "fetch" else _imported(names)
        encoder = self._encoder()
        values, refused = [], {}
        for name in [name for name in names if name in found]:
            try:
                values.append([name, encoder.child(found[name])])
            except (RpcError, RecursionError, MemoryError) as error:
                refused[name] = english(
                    "%(name)s, %(type)s, can't cross: %(reason)s",
                    name=f"`{name}`",
                    type=type_of(found[name]),
                    reason=error,
                )
        encoder.nodes.append({"t": "dict", "v": values})
        encoder.sources.append(None)
        pair = [[len(encoder.nodes) - 1], encoder.child(refused)]
        encoder.nodes.append({"t": "list", "v": pair})
        encoder.sources.append(None)
        return {"re": "ok", "v": [len(encoder.nodes) - 1]}, encoder


def _imported(names: list[str]) -> dict[str, Any]:
    found = {}
    for name in names:
        with contextlib.suppress(Exception):
            found[name] = importlib.import_module(name)
    return found


def serve(sock: socket.socket, folder: Folder | None = None) -> None:
    """Serve the candidate's side, with the names of this process's notebook, until the examiner ends it."""
    namespace = vars(sys.modules["__main__"])
    peer = _served.get(sock.fileno())
    if peer is None:
        peer = _served[sock.fileno()] = Peer(sock, namespace, trusted=False, folder=folder)
    peer.serve()


_served: dict[int, Peer] = {}  # by socket: handles keep their numbers from cell to cell
