"""The process that runs libauth: what it may do, and what happens when it does not answer."""

import json

import pytest

from signer.chain.bchvm import library
from signer.chain.bchvm.machine import Machine, _verdict, verify
from signer.chain.errors import NodeNonsense, NodeUnreachable
from signer.chain.whole import parse_transaction
from signer.core import coins
from signer.core.transaction import TxOut
from signer.settle.engines import ENGINES
from tests.bch.multisig_spends import ECDSA, P2SH, PAYEE, lock, sign, spend, unsigned

SPEND = spend([lock(2, 3, P2SH)], ECDSA)
RAW = SPEND.tx.to_bytes()


@pytest.fixture
def scripted(tmp_path, monkeypatch, machine):
    """A machine whose program is another one."""

    def make(source, *, patience=20.0):
        script = tmp_path / "vm.mjs"
        script.write_text(source)
        monkeypatch.setattr("signer.chain.bchvm.machine._SCRIPT", script)
        return Machine(patience=patience)

    return make


@pytest.mark.parametrize("raw", [b"", b"abc", RAW[:-1], RAW + b"\0", bytes(100), RAW * 2])
def test_what_is_no_transaction_is_invalid(machine, raw):
    """Empty, cut short, and with bytes behind it: a verdict, and the process lives on."""
    said = machine.verify(raw, SPEND.spent)
    assert said.invalid
    assert not said.valid
    assert not said.standard
    assert machine.verify(RAW, SPEND.spent).valid


def test_as_many_coins_as_inputs(machine):
    """No coins, one too many, and one whose token prefix is broken."""
    for spent in ((), SPEND.spent * 2, (TxOut(SPEND.spent[0].amount, b"\xef" + PAYEE),)):
        assert not machine.verify(RAW, spent).valid


def test_dust_is_valid_and_not_standard(machine):
    """Consensus takes what nodes do not pass on, and the verdict tells the two apart."""
    vault = lock(1, 1, P2SH)
    paid = sign(unsigned([vault], [TxOut(1, PAYEE)]), [vault], ECDSA)
    said = machine.verify(paid.tx.to_bytes(), paid.spent)
    assert said.valid
    assert not said.standard
    assert "satoshis" in said.nonstandard


def test_the_process_gets_no_environment_and_may_read_libauth_only(scripted, monkeypatch):
    """A library that turned bad finds no secret in the environment, no file, no program."""
    monkeypatch.setenv("A_SECRET", "x")
    source = """
import { createInterface } from 'node:readline';
import { readFileSync, writeFileSync } from 'node:fs';
import { spawnSync } from 'node:child_process';
const refused = (act) => { try { act(); return 'done'; } catch (e) { return e.code; } };
for await (const line of createInterface({ input: process.stdin })) {
  const tried = [
    refused(() => readFileSync('/etc/passwd')),
    refused(() => writeFileSync('/tmp/coldquorum-should-not-exist', 'x')),
    refused(() => spawnSync('id')),
  ];
  const { number } = JSON.parse(line);
  console.log(JSON.stringify({ number, error: JSON.stringify([process.env, tried]) }));
}
"""
    with scripted(source) as running:
        environment, tried = json.loads(running.verify(RAW, SPEND.spent).invalid)
    assert environment == {}
    assert tried == ["ERR_ACCESS_DENIED"] * 3


def test_no_answer_ends_in_an_error_and_the_next_question_starts_anew(scripted, machine):
    """It hangs: it is killed when patience ends. Nothing waits for ever."""
    hanging = scripted("setInterval(() => {}, 1000); process.stdin.resume();", patience=1.0)
    with hanging as running:
        with pytest.raises(NodeUnreachable, match="gave no answer") as caught:
            running.verify(RAW, SPEND.spent)
        assert "1 seconds" in caught.value.expected
        with pytest.raises(NodeUnreachable):
            running.verify(RAW, SPEND.spent)
    assert machine.verify(RAW, SPEND.spent).valid


def test_a_process_that_dies_says_why(scripted):
    """What it wrote to stderr is in the error."""
    with (
        scripted("console.error('no such luck'); process.exit(7);") as running,
        pytest.raises(NodeUnreachable) as caught,
    ):
        running.verify(RAW, SPEND.spent)
    assert "no such luck" in caught.value.found


def test_an_answer_to_another_question_is_none(scripted):
    """It says yes to the question before, or says so twice: never counted for this one."""
    source = """
import { createInterface } from 'node:readline';
const yes = { consensus: null, standard: null, inputs: [] };
for await (const line of createInterface({ input: process.stdin })) {
  const { number } = JSON.parse(line);
  for (const n of [number, number]) console.log(JSON.stringify({ number: n, ...yes }));
}
"""
    with scripted(source) as running:
        assert running.verify(RAW, SPEND.spent).valid
        with pytest.raises(NodeNonsense):
            running.verify(RAW, ())
        assert running.verify(RAW, SPEND.spent).valid  # a new process


def test_a_killed_process_is_started_again(machine):
    """Somebody ends Node between two questions: one error, then answers again."""
    with Machine() as running:
        assert running.verify(RAW, SPEND.spent).valid
        running._process.kill()
        running._process.wait()
        with pytest.raises(NodeUnreachable):
            running.verify(RAW, SPEND.spent)
        assert running.verify(RAW, SPEND.spent).valid


@pytest.fixture
def engine(monkeypatch):
    """How a finished transaction is judged before it is sent, by a process of this test's own."""
    with Machine() as own:
        monkeypatch.setattr("signer.chain.bchvm.machine._shared", lambda: own)
        yield lambda: ENGINES["bch-vm"].run(parse_transaction(RAW), SPEND.spent, coins.coin("BCH"))


def test_libauths_files_are_looked_through_once(machine, engine, monkeypatch):
    """When the process starts: every verdict after it is by the same process."""
    looked, installed = [], library.installed
    monkeypatch.setattr(library, "installed", lambda: looked.append(1) or installed())
    assert [engine().failing, engine().failing] == [(), ()]
    assert len(looked) == 1


def test_without_libauth_there_is_no_verdict(engine, monkeypatch, tmp_path):
    """Not installed is not the same as not valid; and nothing is fetched unasked."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert engine() is None
    assert not list(tmp_path.iterdir())


YES = {"number": 7, "consensus": None, "standard": None, "inputs": []}


@pytest.mark.parametrize(
    "answer",
    [
        "",
        "true",
        "[]",
        "{}",
        "no json",
        json.dumps({"consensus": None}),
        json.dumps({**YES, "consensus": True}),
        json.dumps({**YES, "standard": 0}),
        json.dumps({**YES, "inputs": [1]}),
        json.dumps({**YES, "inputs": {}}),
        json.dumps({**YES, "more": 1}),
        json.dumps({**YES, "error": "both"}),
        json.dumps({**YES, "number": 6}),
        json.dumps({**YES, "number": "7"}),
        json.dumps({"consensus": None, "standard": None, "inputs": []}),
        json.dumps({"number": 7, "error": None}),
        json.dumps({"number": 6, "error": "another's"}),
        json.dumps({"number": 7, "error": "one", "more": 1}),
    ],
)
def test_an_answer_that_is_none_is_never_a_yes(answer):
    """Whatever the process prints that is not a verdict is an error, and not a verdict."""
    with pytest.raises(NodeNonsense, match="something else than a verdict"):
        _verdict(answer.encode() + b"\n", 7)


def test_an_empty_reason_is_still_a_no():
    """A reason that is an empty text does not turn into a yes."""
    for answer in ({**YES, "consensus": ""}, {"number": 7, "error": ""}):
        assert not _verdict(json.dumps(answer).encode(), 7).valid
    assert not _verdict(json.dumps({**YES, "standard": ""}).encode(), 7).standard


def test_a_reason_is_printable_and_not_endless():
    """What libauth says is shown to people: no control characters, and an end."""
    said = _verdict(json.dumps({"number": 7, "error": "\x1b[2J\n" + "x" * 9_999}).encode(), 7)
    assert said.invalid.isascii()
    assert said.invalid.isprintable()
    assert len(said.invalid) <= 400


def test_the_shared_machine_answers(machine):
    """`verify` without a machine of one's own."""
    assert verify(RAW, SPEND.spent).engine == f"libauth {library.VERSION}"
