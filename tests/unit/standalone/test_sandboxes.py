"""What ``anji sandbox`` prints can be pasted, and is all that ``anji up`` needs."""

import io
import shlex
from pathlib import Path

from rich.console import Console

from anji.sandboxes import print_settings, settings_of
from anji_common.settings import SettingsSource
from anji_fxiaoke.settings import FxiaokeSettings
from anji_k3cloud.settings import K3CloudSettings
from anji_sandbox.cli import Credentials, sandboxes

PORT = 41234


async def credentials() -> Credentials:
    async with sandboxes() as running:
        return running.credentials


def printed(found: Credentials, data: Path | None) -> list[str]:
    text = io.StringIO()
    print_settings(Console(file=text), found, file=Path("c.json"), callback_port=PORT, data=data)
    return text.getvalue().splitlines()


async def test_the_settings_reach_both_systems() -> None:
    found = await credentials()

    source = SettingsSource(settings_of(found), {})

    assert source.load(FxiaokeSettings).url == found["fxiaoke"]["url"]
    assert source.load(K3CloudSettings).username == found["k3cloud"]["username"]
    assert source.unknown((FxiaokeSettings, K3CloudSettings)) == ()


async def test_what_is_printed_is_shell(tmp_path: Path) -> None:
    found = await credentials()

    exports = [shlex.split(line) for line in printed(found, tmp_path) if not line.startswith("#")]

    pairs = dict(words[1].split("=", maxsplit=1) for words in exports if words[0] == "export")
    assert pairs == {
        **settings_of(found),
        "ANJI_HOME": str(tmp_path / "anji"),
        "ANJI_FXIAOKE_CALLBACK_PORT": str(PORT),
        "ANJI_FXIAOKE_CALLBACK_URL": f"http://127.0.0.1:{PORT}/fxiaoke/callback",
    }


async def test_a_company_without_a_folder_gets_a_new_home_that_is_one_in_every_terminal() -> None:
    found = await credentials()

    homes = [
        Path(shlex.split(line.partition("ANJI_HOME=")[2])[0])
        for lines in (printed(found, None), printed(found, None))
        for line in lines
        if line.startswith("export ANJI_HOME=")
    ]

    assert len(set(homes)) == 2
    for home in homes:
        assert home.is_absolute()
        assert list(home.iterdir()) == []
        home.rmdir()


async def test_the_users_for_people_are_not_printed() -> None:
    found = await credentials()

    text = "\n".join(printed(found, None))

    assert str(found["k3cloud"]["person_password"]) not in text
