"""The locked dependencies: written anew, or told as a bill of materials.

``requirements.lock`` holds versions and hashes and no addresses, and so do those in ``deploy/``.
uv's own lock file names registries, so it is made in a folder that is thrown away, held to the
versions that are locked: a new dependency moves nothing else. ``--upgrade`` takes the newest of
everything.

    python tools/locked.py lock [--upgrade]
    python tools/locked.py sbom reports/sbom.cdx.json
"""

import argparse
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import orjson

__all__ = ["locked_versions", "main"]

_ROOT = Path(__file__).parents[1]
_UV = Path(sys.executable).parent / "uv"
_LOCK = "requirements.lock"
_OF_DEPLOY = {
    "deploy/image/requirements.lock": ("--no-dev",),
    "deploy/image/build.lock": ("--only-group", "build"),
    "deploy/helm/manifests.lock": ("--only-group", "manifests"),
}
"""What runs in the image, what only makes the members' wheels (both parts of the lock), and what
looks at manifests, which nobody else needs."""
_ALL = ("--all-groups", "--no-group", "manifests")
_PINNED = re.compile(r"^([a-z0-9][a-z0-9._-]*)==(\S+)", re.MULTILINE)


def locked_versions(text: str) -> list[tuple[str, str]]:
    """Return name and version of every package in the text of a ``requirements.lock``."""
    return _PINNED.findall(text)


def main(arguments: Sequence[str]) -> int:
    """Run one command of the line; return its exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    lock = commands.add_parser("lock", help=f"write {_LOCK} anew")
    lock.add_argument("--upgrade", action="store_true", help="take the newest of everything")
    sbom = commands.add_parser("sbom", help="write a CycloneDX bill of materials")
    sbom.add_argument("file", type=Path, help="where to, as JSON")
    given = parser.parse_args(arguments)
    with TemporaryDirectory() as folder:
        if given.command == "lock":
            _resolve(Path(folder), is_held=not given.upgrade)
            (_ROOT / _LOCK).write_text(_exported(Path(folder), "requirements.txt", *_ALL))
            for name, options in _OF_DEPLOY.items():
                (_ROOT / name).write_text(_exported(Path(folder), "requirements.txt", *options))
        else:
            _resolve(Path(folder), is_held=True)
            _write_bill(_exported(Path(folder), "cyclonedx1.5", "--no-dev"), given.file)
    return 0


def _resolve(folder: Path, *, is_held: bool) -> None:
    """Make uv's lock file in `folder`, from our declarations only."""
    for declared in [_ROOT / "pyproject.toml", *_ROOT.glob("*/*/pyproject.toml")]:
        copy = folder / declared.relative_to(_ROOT)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(declared, copy)
    if is_held:
        pins = dict(locked_versions((_ROOT / _LOCK).read_text()))
        held = orjson.dumps([f"{name}=={version}" for name, version in pins.items()]).decode()
        workspace = folder / "pyproject.toml"
        text = workspace.read_text()
        workspace.write_text(
            text.replace("[tool.uv]\n", f"[tool.uv]\nconstraint-dependencies = {held}\n", 1)
        )
    _uv(folder, "lock")


def _exported(folder: Path, form: str, *options: str) -> str:
    common = ("--all-packages", "--no-emit-workspace", "--frozen", "--format", form)
    header = () if form == "cyclonedx1.5" else ("--no-header",)
    return _uv(folder, "export", *common, *header, *options)


def _write_bill(text: str, file: Path) -> None:
    """Write the bill without what changes from run to run, and without registries' addresses."""
    bill = orjson.loads(text)
    bill.pop("serialNumber", None)
    bill["metadata"].pop("timestamp", None)
    for component in bill["components"]:
        found = {
            (one["alg"], one["content"])
            for place in component.pop("externalReferences", [])
            for one in place.get("hashes", [])
        }
        component["hashes"] = [{"alg": alg, "content": content} for alg, content in sorted(found)]
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(orjson.dumps(bill, option=orjson.OPT_INDENT_2))
    sys.stdout.write(f"{file}: {len(bill['components'])} components with their hashes\n")


def _uv(folder: Path, *arguments: str) -> str:
    done = subprocess.run(  # noqa: S603 - our own uv, in a folder of ours
        [_UV, *arguments, "--quiet", "--directory", folder],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode != 0:
        sys.exit(f"uv {arguments[0]} failed, nothing was changed:\n{done.stderr}")
    return done.stdout


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
