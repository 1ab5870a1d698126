"""The tree of errors. Each says who is at fault, what was expected and found, and a hint.

Problem                     policies/errors.py
├── BadInput        exit 4  a file, document or value that is not what it should be
├── Refused         exit 3  a numbered check or a rule of the policy said no
├── SelfTestFailed  exit 1  this installation is not fit to sign
└── ChainError      exit 6  the node: signer/chain/errors.py
    ├── NodeUnreachable     nobody answers
    ├── NodeAuth            the node wants another password
    ├── NodeWrongNetwork    the node follows another chain
    ├── NodeSyncing         the node is not up to date
    ├── NodeNonsense        the node's answer cannot be right
    └── NodeRejected        the node does not take the transaction

DeviceError         exit 5  a USB signer: hw/errors.py, with the same attributes
"""

from policies.errors import BadInput, Fault, Problem, Refusal, Refused

__all__ = ["BadInput", "Fault", "Problem", "Refusal", "Refused", "SelfTestFailed"]


class SelfTestFailed(Problem):
    """A known answer came out wrong, or a defence is not in place. The program does not start."""
