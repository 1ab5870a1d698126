"""Growth as a picture: a small SVG writer, for light and dark pages alike."""

from html import escape

WIDTH, HEIGHT = 640, 360
LEFT, RIGHT, TOP, BOTTOM = 70, 130, 40, 50
COLOURS = {
    "floor": "#1a7f37",
    "ours": "#0969da",
    "wally": "#cf222e",
    "steps 5 to 8": "#8250df",
}
"""Who is drawn: others are so much slower that they would press these to the floor."""
GREY = "#888"
FONT = f'font-family="sans-serif" font-size="12" fill="{GREY}"'
TICKS = 5

AXES = {
    "inputs": "inputs, 3 of 5",
    "outputs": "outputs, 1 input",
    "signers": "signers, more than half of them sign, 200 inputs",
    "chain": "withdrawals in the chain",
}
MEASURES = {"cpu": ("CPU time, ms", 1000), "peak": ("peak memory of the process, MB", 1e-6)}


def chart(said, name, measure):
    """The curves of one kind of growth: `name` of `AXES`, `measure` of `MEASURES`."""
    jobs = [job for job in said["jobs"].values() if job.get("chart") == name]
    jobs.sort(key=lambda job: job["at"])
    title, scale = MEASURES[measure]
    curves = {}
    for job in jobs:
        for label in COLOURS.keys() & job["found"]:
            found = job["found"][label]
            curves.setdefault(label, []).append((job["at"], found[measure] * scale))
    right = max((x for points in curves.values() for x, _ in points), default=1)
    top = _nice(max((y for points in curves.values() for _, y in points), default=1))

    def place(x, y):
        across = LEFT + x / right * (WIDTH - LEFT - RIGHT)
        return f"{across:.1f}", f"{HEIGHT - BOTTOM - y / top * (HEIGHT - TOP - BOTTOM):.1f}"

    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" {FONT}>',
        f'<text x="{LEFT}" y="20" font-size="14">{escape(title)}</text>',
        f'<text x="{LEFT}" y="{HEIGHT - 10}">{escape(AXES[name])}</text>',
    ]
    for step in range(TICKS + 1):
        parts += _across(place(0, top * step / TICKS)[1], f"{top * step / TICKS:,.4g}")
    for at in sorted({x for points in curves.values() for x, _ in points}):
        x, y = place(at, 0)
        parts.append(f'<text x="{x}" y="{float(y) + 16:.1f}" text-anchor="middle">{at:,}</text>')
    for label, points in sorted(curves.items()):
        colour = COLOURS[label]
        places = [place(*point) for point in points]
        line = " ".join(",".join(one) for one in places)
        parts.append(f'<polyline points="{line}" fill="none" stroke="{colour}" stroke-width="2"/>')
        parts += (f'<circle cx="{x}" cy="{y}" r="3" fill="{colour}"/>' for x, y in places)
        x, y = places[-1]
        where = f'x="{float(x) + 8:.1f}" y="{float(y) + 4:.1f}"'
        parts.append(f'<text {where} fill="{colour}">{escape(label)}</text>')
    return "\n".join((*parts, "</svg>\n"))


def _across(y, label):
    yield f'<path d="M{LEFT} {y}H{WIDTH - RIGHT}" stroke="{GREY}" stroke-opacity="0.3"/>'
    yield f'<text x="{LEFT - 8}" y="{float(y) + 4:.1f}" text-anchor="end">{label}</text>'


def _nice(value):
    """The next of 1, 2, 5 times a power of ten: a scale that people read."""
    power = 10.0 ** (len(str(int(value))) - 1) if value >= 1 else 0.1
    return next(power * step for step in (1, 2, 5, 10) if power * step >= value)
