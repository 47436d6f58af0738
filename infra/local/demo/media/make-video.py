#!/usr/bin/env python3
"""Draws request-path.mp4, the video lesson of the demo course "How a web request reaches a database".

To run it: put ffmpeg (with libx264) on the PATH, install the Liberation and DejaVu fonts
(Debian: fonts-liberation, fonts-dejavu-core), make a virtual environment with Pillow in it, and
run `python make-video.py [output.mp4]`. Without an argument the file goes next to this script.
`python make-video.py --frames DIR` writes one PNG per scene instead, to look at. Every number that
the video names (30 ms per round trip and so on) is an example, chosen to be typical; change SCENES
to change the story. Nothing is downloaded, and the result does not depend on the date.
"""

import math
import subprocess
import sys
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

W, H, FPS, SS = 1280, 720, 25, 2  # SS: slides are drawn at twice the size and scaled down
PAPER, INK, GREY, PALE = "#FAF8F3", "#1C2430", "#68717F", "#E6E2D8"
OUT, BACK, CARD = "#D9481C", "#1F66C9", "#1C2430"

SANS, BOLD = "LiberationSans-Regular.ttf", "LiberationSans-Bold.ttf"
MONO = "DejaVuSansMono.ttf"

BROWSER, GATEWAY, FUNCTION, DATABASE = (150, 452), (477, 452), (803, 452), (1130, 452)
DNS = (150, 262)
STATIONS = {"Browser": BROWSER, "DNS": DNS, "Gateway": GATEWAY, "Function": FUNCTION, "Database": DATABASE}
BOX_W, BOX_H = 190, 108

# seconds, headline, caption, card (lines of code, or a special drawing), lit stations, path, colour
SCENES = [
    (4.0, "One request, there and back",
     "You click a link, and a row comes out of a database. What happens in between?",
     ["click → ? → a row → ? → a page"], ["Browser", "DNS", "Gateway", "Function", "Database"], [], OUT),
    (4.2, "1  The browser has a name",
     "A network delivers to addresses. So the name must become an address first.",
     ["https://learn.example.org/courses/42"], ["Browser"], [], OUT),
    (4.6, "2  DNS: name in, address out",
     "A resolver looks the name up, and keeps the answer until its TTL runs out.",
     ["learn.example.org", "→ 192.0.2.10   TTL 300 s"], ["Browser", "DNS"], [BROWSER, DNS, BROWSER], OUT),
    (4.6, "3  TCP: open a connection",
     "One round trip, before a single byte of the page can travel.",
     ["SYN →    ← SYN-ACK    ACK →"], ["Browser", "Gateway"], [BROWSER, GATEWAY, BROWSER, GATEWAY], OUT),
    (4.6, "4  TLS: prove it, then encrypt",
     "The server proves that the name is its own. From here on, no one on the way can read along.",
     ["certificate: learn.example.org  OK", "TLS 1.3: one more round trip"],
     ["Browser", "Gateway"], [BROWSER, GATEWAY, BROWSER], OUT),
    (4.4, "5  HTTP: ask the question",
     "A method, a path, some headers. That is a whole request.",
     ["GET /courses/42", "accept: application/json"], ["Browser", "Gateway"], [BROWSER, GATEWAY], OUT),
    (4.4, "6  The gateway finds who answers",
     "It ends TLS, turns floods away, and hands the request on by its path.",
     ["GET /courses/{id}  →  courses function"], ["Gateway", "Function"], [GATEWAY, FUNCTION], OUT),
    (4.6, "7  The function checks first",
     "Only a request that passes all three may cost the database any work.",
     ["who asks?   are they allowed?", "does the input make sense?"], ["Function"], "pulse", OUT),
    (4.6, "8  A pooled connection carries SQL",
     "It was opened earlier and is kept: no new handshake for each query.",
     ["SELECT title FROM courses", "WHERE id = $1"], ["Function", "Database"], [FUNCTION, DATABASE], OUT),
    (4.8, "9  An index finds the row",
     "A few steps down a tree, instead of reading a million rows.",
     "tree", ["Database"], [], OUT),
    (5.0, "10  The answer travels back",
     "Row, JSON, HTTP, TLS, TCP: the same road in the other direction.",
     ["200 OK", '{"title": "Reading a query plan"}'], ["Browser", "Gateway", "Function", "Database"],
     [DATABASE, FUNCTION, GATEWAY, BROWSER], BACK),
    (6.4, "Where did the time go?",
     "Mostly into distance. The second click reuses the connection: 35 ms, not 115.",
     "times", None, [], OUT),
]


def font(name, size):
    return ImageFont.truetype(name, size * SS)


def s(*values):
    return [v * SS for v in values]


def ease(t):
    return t * t * (3 - 2 * t)


def icon(d, name, cx, cy, col):
    """A small pictogram, 40 pixels high, centred on (cx, cy)."""
    w = 3 * SS
    if name == "Browser":
        d.rounded_rectangle(s(cx - 26, cy - 19, cx + 26, cy + 19), 5 * SS, outline=col, width=w)
        d.line(s(cx - 26, cy - 8, cx + 26, cy - 8), fill=col, width=w)
    elif name == "DNS":
        d.ellipse(s(cx - 20, cy - 20, cx + 20, cy + 20), outline=col, width=w)
        d.ellipse(s(cx - 9, cy - 20, cx + 9, cy + 20), outline=col, width=w)
        d.line(s(cx - 20, cy, cx + 20, cy), fill=col, width=w)
    elif name == "Gateway":
        d.line(s(cx - 26, cy, cx - 4, cy), fill=col, width=w)
        for dy in (-16, 0, 16):
            d.line(s(cx - 4, cy, cx + 18, cy + dy), fill=col, width=w)
            d.ellipse(s(cx + 16, cy + dy - 5, cx + 26, cy + dy + 5), fill=col)
    elif name == "Function":
        f = ImageFont.truetype(MONO, 40 * SS)
        d.text(s(cx, cy), "{ }", font=f, fill=col, anchor="mm")
    elif name == "Database":
        d.line(s(cx - 20, cy - 13, cx - 20, cy + 13), fill=col, width=w)
        d.line(s(cx + 20, cy - 13, cx + 20, cy + 13), fill=col, width=w)
        d.ellipse(s(cx - 20, cy - 20, cx + 20, cy - 6), outline=col, width=w)
        for y in (-7, 6):
            d.arc(s(cx - 20, cy + y, cx + 20, cy + y + 14), 0, 180, fill=col, width=w)


def stations(d, lit, col):
    for a, b in ((BROWSER, DNS), (BROWSER, GATEWAY), (GATEWAY, FUNCTION), (FUNCTION, DATABASE)):
        d.line(s(*a, *b), fill=PALE, width=8 * SS)
    for name, (x, y) in STATIONS.items():
        on = name in lit
        d.rounded_rectangle(s(x - BOX_W / 2, y - BOX_H / 2, x + BOX_W / 2, y + BOX_H / 2), 14 * SS,
                            fill="#FFFFFF" if on else PAPER, outline=col if on else "#CBC6B9",
                            width=(4 if on else 2) * SS)
        ink = INK if on else "#938F86"
        icon(d, name, x, y - 18, ink)
        d.text(s(x, y + 31), name, font=font(BOLD, 25), fill=ink, anchor="mm")


TREE = [[(755, 190)], [(490, 262), (720, 262), (1010, 262)],
        [(435, 334), (545, 334), (665, 334), (775, 334), (900, 334), (1010, 334), (1120, 334)]]
TREE_PATH = [(755, 190), (1010, 262), (900, 334)]


def tree(d):
    d.rounded_rectangle(s(300, 148, 1225, 376), 14 * SS, fill=CARD)
    links = [(0, 0, 0), (0, 0, 1), (0, 0, 2), (1, 0, 0), (1, 0, 1), (1, 1, 2), (1, 1, 3), (1, 2, 4), (1, 2, 5), (1, 2, 6)]
    for level, i, j in links:
        d.line(s(*TREE[level][i], *TREE[level + 1][j]), fill="#5C6778", width=3 * SS)
    labels = [["20 | 40"], ["7 | 13", "27 | 33", "44 | 50"], ["…", "…", "…", "…", "42", "…", "…"]]
    for row, names in zip(TREE, labels):
        for (x, y), text in zip(row, names):
            half = 36 if row is TREE[2] else 62
            hot = text == "42"
            d.rounded_rectangle(s(x - half, y - 20, x + half, y + 20), 8 * SS, fill="#F6C945" if hot else "#FFFFFF")
            d.text(s(x, y), text, font=ImageFont.truetype(MONO, 22 * SS), fill=INK, anchor="mm")
    d.text(s(326, 190), "id = 42 ?", font=ImageFont.truetype(MONO, 26 * SS), fill="#F6C945", anchor="lm")


TIMES = [("DNS", 20, GREY), ("TCP", 30, OUT), ("TLS", 30, OUT), ("HTTP, there and back", 30, OUT),
         ("Function", 4, BACK), ("Query", 1, BACK)]
TOTAL = sum(ms for _, ms, _ in TIMES)


def times(d, grow):
    d.text(s(90, 178), "First click, 30 ms from browser to server and back", font=font(SANS, 28), fill=GREY, anchor="lm")
    start = 0
    for i, (name, ms, col) in enumerate(TIMES):
        y = 232 + i * 56
        d.text(s(390, y), name, font=font(BOLD, 28), fill=INK, anchor="rm")
        done = min(1.0, max(0.0, (grow * TOTAL - start) / ms))
        x0 = 420 + start * 6
        if done > 0:
            d.rounded_rectangle(s(x0, y - 19, x0 + max(4, ms * 6 * done), y + 19), 5 * SS if ms > 3 else 1, fill=col)
        if done >= 1:
            d.text(s(x0 + ms * 6 + 14, y), f"{ms} ms", font=font(SANS, 28), fill=INK, anchor="lm")
        start += ms


def wrap(d, text, fnt, width):
    """Lines of about the same length, as few as fit the width."""
    count = len(break_lines(d, text, fnt, width))
    while len(break_lines(d, text, fnt, width - 10 * SS)) == count:
        width -= 10 * SS
    return break_lines(d, text, fnt, width)


def break_lines(d, text, fnt, width):
    lines, line = [], ""
    for word in text.split():
        trial = f"{line} {word}".strip()
        if line and d.textlength(trial, font=fnt) > width:
            lines.append(line)
            line = word
        else:
            line = trial
    return lines + [line]


def slide(i, grow=1.0):
    _, head, caption, card, lit, _, col = SCENES[i]
    im = Image.new("RGB", (W * SS, H * SS), PAPER)
    d = ImageDraw.Draw(im)
    d.rectangle(s(0, 0, W * (i + 1) / len(SCENES), 8), fill=col)
    d.text(s(56, 88), head, font=font(BOLD, 58), fill=INK, anchor="lm")
    if card == "times":
        times(d, grow)
    else:
        stations(d, lit, col)
    if card == "tree":
        tree(d)
    elif isinstance(card, list):
        f = ImageFont.truetype(MONO, 32 * SS)
        high = 44 * len(card) + 40
        top = 262 - high / 2
        d.rounded_rectangle(s(300, top, 1225, top + high), 14 * SS, fill=CARD)
        for n, text in enumerate(card):
            d.text(s(334, top + 20 + 44 * n + 22), text, font=f, fill="#FFFFFF", anchor="lm")
    f = font(SANS, 36)
    lines = wrap(d, caption, f, (W - 120) * SS)
    for n, text in enumerate(lines):
        d.text(s(60, 622 + 46 * (n - (len(lines) - 1) / 2)), text, font=f, fill=INK, anchor="lm")
    return im.resize((W, H), Image.LANCZOS)


def dot(im, x, y, col, r=17.0):
    """Pastes the marker, anti-aliased, at a fraction of a pixel."""
    size, k = 64, 4
    ox, oy = math.floor(x) - size // 2, math.floor(y) - size // 2
    mask = Image.new("L", (size * k, size * k), 0)
    ring = Image.new("L", (size * k, size * k), 0)
    cx, cy = (x - ox) * k, (y - oy) * k
    ImageDraw.Draw(ring).ellipse([cx - (r + 5) * k, cy - (r + 5) * k, cx + (r + 5) * k, cy + (r + 5) * k], fill=255)
    ImageDraw.Draw(mask).ellipse([cx - r * k, cy - r * k, cx + r * k, cy + r * k], fill=255)
    im.paste(Image.new("RGB", (size, size), "#FFFFFF"), (ox, oy), ring.resize((size, size), Image.LANCZOS))
    im.paste(Image.new("RGB", (size, size), col), (ox, oy), mask.resize((size, size), Image.LANCZOS))


def edge(a, b):
    """The two points where the line from station a to station b leaves a's box and meets b's."""
    dx, dy = b[0] - a[0], b[1] - a[1]
    gap = (BOX_W / 2 + 4) / abs(dx) if dx else (BOX_H / 2 + 2) / abs(dy)
    return (a[0] + dx * gap, a[1] + dy * gap), (b[0] - dx * gap, b[1] - dy * gap)


def legs(path):
    """Straight pieces of the way, each with its length."""
    pieces = []
    for a, b in zip(path, path[1:]):
        p, q = ((a[0], a[1] + 22), (b[0], b[1] - 22)) if path is TREE_PATH else edge(a, b)
        pieces.append((p, q))
    return pieces


def frame(i, t, base):
    """Scene i at t (0 to 1 of its time)."""
    _, _, _, card, _, path, col = SCENES[i]
    if card == "times":
        return slide(i, ease(min(1, t / 0.5)))
    im = base.copy()
    if path == "pulse":
        x, y = FUNCTION
        r = 11 + 6 * math.sin(t * 6 * math.pi) ** 2
        dot(im, x, y - BOX_H / 2, col, r)
        return im
    way = legs(TREE_PATH if card == "tree" else path)
    if not way:
        return im
    u = min(1.0, max(0.0, (t - 0.12) / 0.66)) * len(way)
    n = min(len(way) - 1, int(u))
    (x0, y0), (x1, y1) = way[n]
    e = ease(min(1.0, u - n))
    dot(im, x0 + (x1 - x0) * e, y0 + (y1 - y0) * e, col, 10 if card == "tree" else 17)
    return im


def main():
    args = sys.argv[1:]
    if args[:1] == ["--frames"]:
        folder = Path(args[1])
        folder.mkdir(parents=True, exist_ok=True)
        for i in range(len(SCENES)):
            frame(i, 0.55, slide(i)).save(folder / f"scene-{i:02}.png")
        return
    out = Path(args[0]) if args else Path(__file__).resolve().parent / "request-path.mp4"
    ffmpeg = subprocess.Popen(
        ["ffmpeg", "-hide_banner", "-loglevel", "warning", "-y",
         "-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{W}x{H}", "-r", str(FPS), "-i", "-",
         "-vf", "scale=out_color_matrix=bt709:out_range=tv", "-an",
         "-c:v", "libx264", "-profile:v", "main", "-level", "3.1", "-pix_fmt", "yuv420p",
         "-preset", "veryslow", "-tune", "animation", "-crf", "24", "-g", "125", "-threads", "1",
         "-colorspace", "bt709", "-color_primaries", "bt709", "-color_trc", "bt709",
         "-fflags", "+bitexact", "-flags:v", "+bitexact", "-map_metadata", "-1",
         "-movflags", "+faststart", str(out)],
        stdin=subprocess.PIPE)
    fade, last = 8, None
    for i, scene in enumerate(SCENES):
        base = slide(i, 0.0)
        count = round(scene[0] * FPS)
        for n in range(count):
            im = frame(i, n / (count - 1), base)
            if last is not None and n < fade:
                im = Image.blend(last, im, ease((n + 1) / fade))
            ffmpeg.stdin.write(im.tobytes())
        last = im
    ffmpeg.stdin.close()
    sys.exit(ffmpeg.wait())


if __name__ == "__main__":
    main()
