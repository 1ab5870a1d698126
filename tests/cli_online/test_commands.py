"""The surface of coldquorum: every command, its options, its help."""

import pytest
import typer

from signer.carry.wallets.formats import FORMATS
from signer.cli.coldquorum import app
from signer.cli.naming import UnclearCommand, named
from signer.cli.online.chains import Asked
from signer.cli.typed import program
from signer.core.errors import BadInput, Fault

ROOT = typer.main.get_command(program(app))


def commands(group=ROOT, path=()):
    """All commands with their paths."""
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from commands(command, (*path, name))
        else:
            yield (*path, name), command


COMMANDS = dict(commands())

ISSUED = {
    *("demo", "build", "inspect", "combine", "finalize", "broadcast"),
    *("vault create", "vault show", "vault addresses", "vault list", "vault import"),
    *("vault export", "labels export", "labels import"),
    *("vault backup", "vault recover", "vault sheet", "vault rotate", "vault sweep"),
    *("ceremony playbook", "ceremony report"),
    *("policy new", "policy check", "policy propose", "policy import", "policy show"),
    *("request new", "request show", "request list"),
    *("prices new", "prices show", "balances new", "balances show"),
    *("regtest mine", "regtest fund", "regtest info", "regtest reorg"),
}


def test_every_command_is_there():
    """The commands of the way, under their names."""
    assert {" ".join(path) for path in COMMANDS} >= ISSUED


def test_the_help_lists_them_in_the_order_of_the_way():
    """Nothing is left out of the order that the help follows."""
    listed = ROOT.list_commands(None)
    assert sorted(listed) == sorted(ROOT.commands)
    assert listed[:5] == ["demo", "vault", "policy", "request", "build"]


@pytest.mark.parametrize("path", COMMANDS, ids=" ".join)
def test_every_command_takes_json_and_home_and_says_what_it_does(path):
    """The two options that every command has, and help for everything else."""
    command = COMMANDS[path]
    options = {option for parameter in command.params for option in parameter.opts}
    assert {"--json", "--home"} <= options
    assert command.help
    first = command.help.strip().splitlines()[0]
    assert first.endswith((".", ":"))
    for parameter in command.params:
        assert getattr(parameter, "help", None), parameter.name


@pytest.mark.parametrize("path", COMMANDS, ids=" ".join)
def test_no_secret_is_taken_from_the_command_line_or_the_environment(path):
    """Passwords come from files; no option reads a variable."""
    for parameter in COMMANDS[path].params:
        assert not getattr(parameter, "envvar", None)
        for option in parameter.opts:
            assert "password" not in option or option.endswith("-file")


def test_writers_are_named_alike():
    """Whatever writes a file does so under `-o` and `--output`, and nothing else is called so."""
    for path, command in COMMANDS.items():
        for parameter in command.params:
            assert ("-o" in parameter.opts) == ("--output" in parameter.opts), path


def test_the_help_names_every_format():
    """The table of formats is read only when a command runs; the help knows it by heart."""
    for name in ("export", "import"):
        options = COMMANDS["vault", name].params
        (about,) = [option.help for option in options if "--format" in option.opts]
        assert about == f"{', '.join(FORMATS)}."


GOOD_CHAINS = (
    {"embedded": True},
    {"node": "http://localhost"},
    {"node": "http://localhost", "cookie": "file"},
    {"node": "http://localhost", "user": "me", "password_file": "file", "wallet": "w"},
    {"electrum": "localhost:1"},
    {"electrum": "x:1", "certificate": "file"},
    {"electrum": "x:1", "plain_tcp": True},
)
BAD_CHAINS = (
    {},
    {"user": "me", "password_file": "file"},
    {"embedded": True, "node": "http://localhost"},
    {"embedded": True, "cookie": "file"},
    {"embedded": True, "wallet": "w"},
    {"node": "http://localhost", "user": "me"},
    {"node": "http://localhost", "password_file": "file"},
    {"node": "http://localhost", "electrum": "x:1"},
    {"embedded": True, "electrum": "x:1"},
    {"electrum": "x:1", "cookie": "file"},
    {"electrum": "x:1", "wallet": "w"},
    {"node": "http://localhost", "certificate": "file"},
    {"node": "http://localhost", "plain_tcp": True},
    {"embedded": True, "plain_tcp": True},
    {"certificate": "file"},
)
NOTHING = {
    **dict.fromkeys(("node", "user", "password_file", "cookie", "wallet")),
    **dict.fromkeys(("electrum", "certificate")),
    "plain_tcp": False,
    "embedded": False,
}


@pytest.mark.parametrize("said", GOOD_CHAINS, ids=str)
def test_one_chain_is_clear(said):
    """The embedded one, or a node or a server with what it needs."""
    asked = Asked(**(NOTHING | said))
    asked.check()
    assert asked.is_given


@pytest.mark.parametrize("said", BAD_CHAINS, ids=str)
def test_no_chain_or_two_are_a_usage_error(said):
    """Exit code 2, and what to give."""
    with pytest.raises(UnclearCommand) as caught:
        Asked(**(NOTHING | said)).check()
    assert caught.value.exit_code == 2
    assert "--regtest" in caught.value.hint


def test_a_name_is_put_in_front_once():
    """A problem that tells the file already is not told it again; its own hint wins."""

    def raised(problem, **how):
        with pytest.raises(BadInput) as caught, named("a.json", **how):
            raise problem
        return caught.value

    plain = BadInput("torn", fault=Fault.COORDINATOR)
    assert str(raised(plain, hint="copy it again")) == "a.json: torn"
    assert raised(plain, hint="copy it again").hint == "copy it again"
    assert raised(plain, fault=Fault.OFFICER).fault is Fault.OFFICER
    assert raised(plain).fault is Fault.COORDINATOR
    located = BadInput("torn", fault=Fault.MACHINE, found="x/a.json", hint="mine")
    assert str(raised(located, hint="copy it again")) == "torn"
    assert raised(located, hint="copy it again").hint == "mine"
    assert str(raised(BadInput("a.json: torn", fault=Fault.MACHINE))) == "a.json: torn"
