"""Sees that what is in ``deploy/`` works: ``make check-deploy``, in all or in named parts.

    python tools/check_deploy.py [image|chart|alerts|compose]... [--base-image IMAGE]

What each part needs is said when it is not there, and is a failure: nothing is passed over.
"""

import argparse
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from tempfile import NamedTemporaryFile

import orjson

from check_chart import check_chart
from check_compose import check_compose
from deploy_tools import READY, ROOT, done, expect, say

__all__ = ["main"]

_IMAGE = "anji:check"
_LOCKED_UP = (
    "--read-only", "--tmpfs=/tmp", "--cap-drop=ALL", "--security-opt=no-new-privileges",
)  # fmt: skip
"""As the chart runs it: nothing but its home and /tmp can be written, and it is nobody."""
_SMALL_DEMO = ("demo", "--customers=10", "--products=5", "--orders=20", "--shipments=10")
_GRACE_SECONDS = 30


def main(arguments: Sequence[str]) -> int:
    """Check the parts that are named, or all; return 0 if all are well."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("parts", nargs="*", help=f"of {', '.join(_PARTS)}; all by default")
    parser.add_argument("--base-image", help="in place of the Dockerfile's own")
    parser.add_argument(
        "--network", default="default", help="of the build, as docker build has it"
    )
    parser.add_argument("--kafka-image", help="in place of one built here from its jars")
    given = parser.parse_args(arguments)
    if unknown := set(given.parts) - set(_PARTS):
        parser.error(f"no such part: {', '.join(sorted(unknown))}")
    for part in given.parts or _PARTS:
        say(part)
        _PARTS[part](given)
        say(f"{part}: well")
    return 0


def _image(given: argparse.Namespace) -> None:
    """Build the image, run the demo in it, and stop a service in order; needs Docker."""
    base = [f"--build-arg=BASE_IMAGE={given.base_image}"] if given.base_image else []
    file = "--file=deploy/image/Dockerfile"
    _docker("build", "--quiet", f"--network={given.network}", *base, file, f"--tag={_IMAGE}", ".")
    said = _docker("run", "--rm", *_LOCKED_UP, _IMAGE, *_SMALL_DEMO)
    expect("both sides agree: yes" in said, f"the demo did not end well:\n{said}")
    with _running("run", "mapper") as container:
        _docker("exec", container, "python", "-c", READY)
        _docker("stop", f"--time={_GRACE_SECONDS}", container)
        code = _docker("inspect", "--format={{.State.ExitCode}}", container).strip()
        log = _docker("logs", container)
        expect(code == "0", f"a stopped mapper ended with {code}, not with 0:\n{log}")
        expect("process.ended" in log, f"a stopped mapper did not end in order:\n{log}")


def _alerts(_given: argparse.Namespace) -> None:
    """See alerts fire and be silent, and every query of the dashboard parsed; needs promtool."""
    alerts = ROOT / "deploy" / "alerts"
    done("promtool", "check", "rules", str(alerts / "anji.rules.yaml"))
    done("promtool", "test", "rules", str(alerts / "anji.rules.test.yaml"))
    board = orjson.loads((ROOT / "deploy" / "dashboards" / "anji.json").read_bytes())
    asked = [target["expr"] for panel in board["panels"] for target in panel["targets"]]
    rules = [
        {
            "record": f"asked:{number}",
            "expr": each.replace("$__rate_interval", "5m").replace("$job", ".+"),
        }
        for number, each in enumerate(asked)
    ]
    with NamedTemporaryFile(suffix=".yaml") as file:
        file.write(orjson.dumps({"groups": [{"name": "dashboard", "rules": rules}]}))
        file.flush()
        done("promtool", "check", "rules", file.name)
    say(f"alerts fire and are silent as they should; {len(asked)} queries of the dashboard parse")


@contextmanager
def _running(*command: str) -> Iterator[str]:
    container = _docker("run", "--detach", *_LOCKED_UP, _IMAGE, *command).strip()
    try:
        yield container
    finally:
        _docker("rm", "--force", "--volumes", container)


def _docker(*arguments: str) -> str:
    return done("docker", *arguments)


_PARTS: dict[str, Callable[[argparse.Namespace], None]] = {
    "image": _image,
    "chart": lambda _given: check_chart(),
    "alerts": _alerts,
    "compose": lambda given: check_compose(given, _IMAGE),
}

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
