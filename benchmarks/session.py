"""A visitor without a browser: speaks Streamlit's own protocol, refreshes what is live and clicks through pages.

It renders nothing, but sends and receives what a browser does.
"""

import asyncio
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field

from streamlit.proto.Alert_pb2 import Alert
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

_PATIENCE = 60.0  # seconds for an answer
_BEAT, _CHART = "mnistlab_beat", "mnistlab_live_chart"  # components: ui/beat.py has a part drawn again


@dataclass
class Script:
    """One run of a page, or of a part of it that refreshes itself; times are in seconds."""

    page: str
    is_refresh: bool
    waited: float  # from the message that asked for it to the last one of the answer
    ran: float  # from the answer's first message to its last


@dataclass
class Session:
    """One visitor."""

    address: str
    scripts: list[Script] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    num_charts: int = 0  # live charts drawn or redrawn
    page: str = ""
    _pages: dict[str, str] = field(default_factory=dict)  # what a link is called -> the hash of its page
    _timers: dict[str, asyncio.Task[None]] = field(default_factory=dict)
    _paces: dict[str, float] = field(default_factory=dict)  # seconds between two refreshes of a part, by its fragment
    _query: str = ""
    _begun: float = 0
    _finished: asyncio.Event = field(default_factory=asyncio.Event)
    _turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    _socket: ClientConnection | None = None
    _listener: asyncio.Task[None] | None = None

    async def open(self, page: str, query: str = "") -> None:
        """Connect and load a page by its name, with a query string."""
        socket = self.address.replace("http://", "ws://") + "/_stcore/stream"
        self._socket = await connect(socket, subprotocols=[Subprotocol("streamlit")], max_size=None)
        self._listener = asyncio.create_task(self._listen())
        self.page, self._query = page, query
        await self._ask({"page_name": page, "query_string": query})

    async def click(self, page: str, query: str = "") -> None:
        """Go to another page, as by its link in the menu."""
        self.page, self._query = page, query
        await self._ask({"page_script_hash": self._pages[page], "query_string": query})

    async def close(self) -> None:
        """Leave, as by closing the tab."""
        self._forget_timers()
        assert self._socket is not None
        assert self._listener is not None
        self._listener.cancel()
        await self._socket.close()

    async def _ask(self, wanted: Mapping[str, str | bool]) -> None:
        """Request a run of the page and wait for its end; the visitor's next request waits for it."""
        begun = time.perf_counter()
        async with self._turn:
            fragment = wanted.get("fragment_id")
            if fragment is None:
                self._forget_timers()
            elif fragment not in self._timers:
                return  # the visitor has left the page
            self._finished.clear()
            message = BackMsg()
            for name, value in wanted.items():
                setattr(message.rerun_script, name, value)
            assert self._socket is not None
            self._begun = 0
            await self._socket.send(message.SerializeToString())
            try:
                await asyncio.wait_for(self._finished.wait(), _PATIENCE)
            except TimeoutError:
                self.errors.append(f"no answer on {self.page} for {_PATIENCE:.0f} s")
                return
            now = time.perf_counter()
            self.scripts.append(Script(self.page, fragment is not None, now - begun, now - self._begun))

    async def _listen(self) -> None:
        """Receive messages until the visitor leaves; a connection that ends before that is an error."""
        try:
            await self._take_all()
        except ConnectionClosed as error:
            self.errors.append(f"{self.page}: the connection broke: {error}")
        else:
            self.errors.append(f"{self.page}: the server closed the connection")
        self._finished.set()

    async def _take_all(self) -> None:
        assert self._socket is not None
        async for content in self._socket:
            assert isinstance(content, bytes)
            message = ForwardMsg.FromString(content)
            match message.WhichOneof("type"):
                case "new_session":
                    self._begun = time.perf_counter()
                    if not message.metadata.run.fragment_ids:
                        self._forget_timers()  # a whole page announces its refreshing parts again, as in a browser
                case "delta":
                    self._look_at(message)
                case "page_not_found":
                    self.errors.append(f"there is no page {self.page}")
                case "script_finished" if message.script_finished != ForwardMsg.FINISHED_EARLY_FOR_RERUN:
                    self._finished.set()

    def _look_at(self, message: ForwardMsg) -> None:
        element = message.delta.new_element
        match element.WhichOneof("type"):
            case "exception":
                self.errors.append(f"{self.page}: {element.exception.type}: {element.exception.message}")
            case "alert" if element.alert.format == Alert.ERROR:
                self.errors.append(f"{self.page}: {element.alert.body}")
            case "page_link":
                self._pages[element.page_link.label] = element.page_link.page_script_hash
            case "bidi_component" if element.bidi_component.component_name == _BEAT:
                self._refresh_after(json.loads(element.bidi_component.json)["seconds"], message.delta.fragment_id)
            case "bidi_component" if element.bidi_component.component_name == _CHART:
                self.num_charts += 1

    def _refresh_after(self, seconds: float, fragment: str) -> None:
        self._paces[fragment] = seconds
        if fragment not in self._timers:
            self._timers[fragment] = asyncio.create_task(self._refresh(fragment))

    async def _refresh(self, fragment: str) -> None:
        left = self._paces[fragment]
        while True:
            await asyncio.sleep(left)
            begun = time.perf_counter()
            await asyncio.shield(self._ask({"fragment_id": fragment, "query_string": self._query}))
            left = begun + self._paces[fragment] - time.perf_counter()  # the answer may have changed the pace
            if left <= 0:  # what took that long is left alone for as long again
                left = self._paces[fragment]

    def _forget_timers(self) -> None:
        for timer in self._timers.values():
            timer.cancel()
        self._timers.clear()
