"""What a job is: who does which work, on how much of it."""

from dataclasses import dataclass

OURS, FLOOR = "ours", "floor"


@dataclass(frozen=True)
class Entry:
    """One contestant of a job.

    Attributes:
        label: its column.
        worker: a file of `peers/`, or "bitcoinjs".
        work: which of its jobs.
        cores: 0 for all.
        result: whether its result must be that of the others.
    """

    label: str
    worker: str
    work: str
    cores: int = 1
    result: bool = True


@dataclass(frozen=True)
class Job:
    """A line of the table.

    Attributes:
        name: for the command line.
        says: for people.
        entries: the contestants.
        inputs: of the transaction; 0 if the job takes none.
        count: of what the job is about, if that is not inputs.
        payments: outputs beside the change.
        shares: signed files.
        links: withdrawals before this one, all in the policy's windows.
        threshold: m.
        signers: n.
        script_type: as BIP48 names it here.
        ground: low-r grinding, on or off for everybody.
        chart: of which picture of growth it is a point, if of any.
        at: where it stands there.
        once: takes minutes: done when it is asked for by its name, one round without warming up.
    """

    name: str
    says: str
    entries: tuple[Entry, ...]
    inputs: int = 0
    count: int = 0
    payments: int = 1
    shares: int = 0
    links: int = 0
    threshold: int = 3
    signers: int = 5
    script_type: str = "p2wsh"
    ground: bool = False
    chart: str = ""
    at: int = 0
    once: bool = False
