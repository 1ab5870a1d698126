"""A whole policy in plain sentences: headings, each with what stands under it."""

from policies.explain import Words
from policies.policy import Policy


def explain(policy: Policy, lang: str = "en") -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Explain a whole policy: headings, each with its sentences.

    Args:
        policy: any.
        lang: a key of `LANGUAGES`.
    """
    words = Words(lang, policy.coin)
    before = words.say("policy.first") if policy.previous is None else policy.previous
    about = {
        "policy.vault": {"vault": policy.vault, "coin": policy.coin, "network": policy.network},
        "policy.epoch": {"epoch": words.number(policy.epoch), "previous": before},
        "policy.activation": {"height": words.number(policy.activation_height)},
        "policy.loosening": {"delay": words.blocks(policy.loosening_delay)},
        "policy.tightening": {},
        "policy.default": {},
    }
    roles = [
        words.say(
            "policy.role",
            role=role.name,
            members=words.listed(role.members),
            threshold=words.number(role.threshold),
        )
        for role in policy.roles.values()
    ]
    if policy.revoked:
        roles.append(words.say("policy.revoked", members=words.listed(policy.revoked)))
    return (
        (words.say("heading.policy"), tuple(words.say(key, **v) for key, v in about.items())),
        (words.say("heading.roles"), (*roles, words.say("policy.admins"))),
        *((words.say(f"heading.{rule.NAME}"), rule.explain(words)) for rule in policy.rules),
    )
