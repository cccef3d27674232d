"""Lines of the log, which stand in the transcript of the call."""

from wit_world.imports import log as _log


def debug(message: str) -> None:
    _log.write(_log.Level.DEBUG, message)


def info(message: str) -> None:
    _log.write(_log.Level.INFO, message)


def warning(message: str) -> None:
    _log.write(_log.Level.WARN, message)


def error(message: str) -> None:
    _log.write(_log.Level.ERROR, message)
