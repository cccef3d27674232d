from typing import Any, Iterator

from holdpoint import Release
from wit_world.exports.notify import Channel, Event, Message, Verdict

WORDS = {
    Verdict.GO: "go",
    Verdict.NO_GO: "no-go",
    Verdict.WAIT: "wait",
    Verdict.FAULT: "fault",
}


def compose(
    release: Release, settings: dict[str, Any], event: Event, channel: Channel
) -> Iterator[Message]:
    """Says in one line what became of a release."""
    if event.verdict is None:
        return
    version = release.subject.version or "the next version"
    line = f"{release.subject.project} {version}: {WORDS[event.verdict]}. {event.reason}"
    yield Message(channel.media_type, line, line)
