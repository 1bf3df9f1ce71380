"""Evaluates expressions by an ansible-core: a line of JSON for each line of JSON, the version first.

{"expr": "a + 1", "vars": {"a": 1}} is answered by {"value": 2}, {"error": "why"}, or {"skip": "why"} for what no
JSON can say. Maps are {"map": [[key, value], ...]}, so that keys keep their types.
"""
import collections.abc
import datetime
import json
import sys
import types
import warnings

warnings.simplefilter("ignore")

from ansible.parsing.dataloader import DataLoader
from ansible.release import __version__
from ansible.template import Templar
try:
    from ansible.template import trust_as_template
except ImportError:
    trust_as_template = None
from jinja2.runtime import Undefined
from jinja2.utils import Namespace


class Skip(Exception):
    pass


def plain(v, depth=0):
    if depth > 50:
        raise Skip("deep")
    if isinstance(v, Undefined):
        str(v)
        raise ValueError("undefined")
    if v is None or isinstance(v, (bool, int, float)):
        return v
    if isinstance(v, str):
        v = str(v)
        v.encode("utf-8")
        return v
    if isinstance(v, (datetime.datetime, datetime.timedelta)):
        return str(v)
    if isinstance(v, dict):
        return {"map": [[plain(k, depth + 1), plain(e, depth + 1)] for k, e in v.items()]}
    if isinstance(v, (list, tuple)):
        return [plain(e, depth + 1) for e in v]
    if isinstance(v, (types.GeneratorType, collections.abc.KeysView, collections.abc.ValuesView, collections.abc.ItemsView, map, zip, filter)) \
            or type(v).__module__ == "itertools" or type(v).__name__ in ("list_reverseiterator", "generator"):
        return [plain(e, depth + 1) for e in v]
    raise Skip(type(v).__name__)


def evaluator():
    """What evaluates expressions: as a template where templates are strict, since 2.19; as bare Jinja before."""
    if trust_as_template:
        return lambda text, names: Templar(loader=DataLoader(), variables=names).template(trust_as_template("{{ " + text + " }}"))
    templar = Templar(loader=DataLoader(), variables={})
    environment = templar.environment
    names = dict(environment.globals, range=range, dict=dict, namespace=Namespace, lookup=templar._lookup, query=templar._query_lookup)
    return lambda text, more: environment.compile_expression(text, undefined_to_none=False)(**names, **more)


def main():
    evaluate = evaluator()
    print(json.dumps(__version__), flush=True)
    for line in sys.stdin:
        case = json.loads(line)
        try:
            answer = {"value": plain(evaluate(case["expr"], case["vars"]))}
            json.dumps(answer)
        except Skip as e:
            answer = {"skip": str(e)}
        except (Exception, RecursionError) as e:
            answer = {"error": f"{type(e).__name__}: {e}"[:300]}
        print(json.dumps(answer), flush=True)


main()
