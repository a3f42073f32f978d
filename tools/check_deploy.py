"""Sees that what is in ``deploy/`` works: ``make check-deploy``, in all or in named parts.

    python tools/check_deploy.py [image]... [--base-image python:3.11-slim-bookworm]

What each part needs is said when it is not there, and is a failure: nothing is passed over.
"""

import argparse
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

__all__ = ["main"]

_ROOT = Path(__file__).parents[1]
_IMAGE = "anji:check"
_LOCKED_UP = (
    "--read-only", "--tmpfs=/tmp", "--cap-drop=ALL", "--security-opt=no-new-privileges",
)  # fmt: skip
"""As the chart runs it: nothing but its home and /tmp can be written, and it is nobody."""
_SMALL_DEMO = ("demo", "--customers=10", "--products=5", "--orders=20", "--shipments=10")
_GRACE_SECONDS = 30
_READY = """
import time, urllib.request
for left in range(60, -1, -1):
    try:
        print(urllib.request.urlopen("http://127.0.0.1:8086/readyz").read().decode())
        break
    except OSError:
        if not left:
            raise
        time.sleep(0.5)
"""


def main(arguments: Sequence[str]) -> int:
    """Check the parts that are named, or all; return 0 if all are well."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("parts", nargs="*", help=f"of {', '.join(_PARTS)}; all by default")
    parser.add_argument("--base-image", help="in place of the Dockerfile's own")
    parser.add_argument(
        "--network", default="default", help="of the build, as docker build has it"
    )
    given = parser.parse_args(arguments)
    if unknown := set(given.parts) - set(_PARTS):
        parser.error(f"no such part: {', '.join(sorted(unknown))}")
    for part in given.parts or _PARTS:
        _say(f"{part}: {(_PARTS[part].__doc__ or '').splitlines()[0]}")
        _PARTS[part](given)
        _say(f"{part}: well")
    return 0


def _image(given: argparse.Namespace) -> None:
    """Build the image, run the demo in it, and stop a service in order; needs Docker."""
    base = [f"--build-arg=BASE_IMAGE={given.base_image}"] if given.base_image else []
    file = "--file=deploy/image/Dockerfile"
    _docker("build", "--quiet", f"--network={given.network}", *base, file, f"--tag={_IMAGE}", ".")
    said = _docker("run", "--rm", *_LOCKED_UP, _IMAGE, *_SMALL_DEMO)
    _expect("both sides agree: yes" in said, f"the demo did not end well:\n{said}")
    with _running("run", "mapper") as container:
        _docker("exec", container, "python", "-c", _READY)
        _docker("stop", f"--time={_GRACE_SECONDS}", container)
        code = _docker("inspect", "--format={{.State.ExitCode}}", container).strip()
        log = _docker("logs", container)
        _expect(code == "0", f"a stopped mapper ended with {code}, not with 0:\n{log}")
        _expect("process.ended" in log, f"a stopped mapper did not end in order:\n{log}")


@contextmanager
def _running(*command: str) -> Iterator[str]:
    container = _docker("run", "--detach", *_LOCKED_UP, _IMAGE, *command).strip()
    try:
        yield container
    finally:
        _docker("rm", "--force", "--volumes", container)


def _docker(*arguments: str) -> str:
    """Return what Docker said, on both ways."""
    return _done("docker", *arguments)


def _done(tool: str, *arguments: str) -> str:
    found = shutil.which(tool)
    if found is None:
        sys.exit(f"there is no `{tool}` in PATH; deploy/README.md says where each tool comes from")
    done = subprocess.run(  # noqa: S603 - a tool of this machine, with arguments of ours
        [found, *arguments], cwd=_ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        text=True, check=False,
    )  # fmt: skip
    if done.returncode != 0:
        sys.exit(f"{tool} {' '.join(arguments[:2])} ended with {done.returncode}:\n{done.stdout}")
    return done.stdout


def _expect(what: bool, words: str) -> None:  # noqa: FBT001 - as an assert
    if not what:
        sys.exit(words)


def _say(words: str) -> None:
    sys.stdout.write(f"check-deploy: {words}\n")
    sys.stdout.flush()


_PARTS: dict[str, Callable[[argparse.Namespace], None]] = {"image": _image}

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
