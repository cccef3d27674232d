# Written by `holdpoint plugin build`.
import json

import plugin
from componentize_py_types import Err
from wit_world import exports
from wit_world.imports.model import Fault as _Fault


def _same(answer):
    return answer


def _asked(question, shape, release, settings, *more):
    try:
        answer = getattr(plugin, question, None)
        if answer is None:
            raise Exception(f"plugin.py has no function `{question}`")
        return shape(answer(release, json.loads(settings), *more))
    except Err as error:
        message, code, retry = f"not given: {error.value}", None, False
    except Exception as error:
        named = type(error).__name__
        words = str(error)
        message = words if named in ("Exception", "Fault") else f"{named}: {words}"
        code, retry = getattr(error, "code", None), getattr(error, "retry", False)
    raise Err(_Fault(message, code, retry))
