#!/usr/bin/env python3
"""Draws study-plan.pdf, the document of the demo course "Study skills that hold up".

To run it: make a virtual environment with reportlab in it and run `python make-pdf.py [output.pdf]`;
without an argument the file goes next to this script. Page one is the empty worksheet, page two the
same sheet filled in for an example week. The dates of the example carry no month or year, so it does
not age; the result is the same bytes at every run. Only the standard PDF fonts are used.
"""

import sys
from pathlib import Path

from reportlab.lib.colors import HexColor
from reportlab.lib.pagesizes import A4, landscape
from reportlab.lib.utils import simpleSplit
from reportlab.pdfgen.canvas import Canvas

W, H = landscape(A4)
MARGIN = 34
INK, GREY, LINE, TINT, PEN = map(HexColor, ("#1C2430", "#5F6875", "#A9AFB8", "#F1EEE6", "#1F5FBF"))
ACCENT = HexColor("#D9481C")
GAPS = ("+1 day", "+3 days", "+7 days", "+14 days")
DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
ROWS = (("When, where", "one fixed slot"), ("New topic", "at most one a day"),
        ("From memory", "the topics due today"), ("Mixed problems", "several topics, shuffled"),
        ("Lights out", "keep it steady"))

EXAMPLE = {
    "head": ("Solve circuit problems without notes", "the test on Friday 27",
             "I put my cup in the sink after breakfast", "I open my questions at the kitchen table"),
    "topics": (
        ("P  Ohm's law", "Mon 2", ("Tue 3   3/5", "Thu 5   4/5", "Mon 9   5/5", "Mon 16")),
        ("Q  Series, parallel", "Fri 6", ("Sat 7   4/5", "Mon 9   4/5", "Fri 13   5/5", "Fri 20")),
        ("A  Kirchhoff's laws", "Mon 9", ("Tue 10   3/5", "Thu 12   4/5", "Mon 16", "Mon 23")),
        ("B  Capacitors", "Wed 11", ("Thu 12   4/5", "Sat 14   5/5", "Wed 18", "Wed 25")),
        ("C  RC circuits", "Fri 13", ("Sat 14   4/5", "Mon 16", "Fri 20", "Fri 27")),
        ("", "", ("", "", "", "")),
    ),
    "week": (
        ("8:00 kitchen", "8:00 kitchen", "8:00 kitchen", "8:00 kitchen", "8:00 kitchen", "10:00 library", "free"),
        ("A", "-", "B", "-", "C", "-", "-"),
        ("P (+7), Q (+3)", "A (+1)", "-", "A (+3), B (+1)", "Q (+7)", "B (+3), C (+1)", "-"),
        ("-", "P, Q", "Q, P, A", "-", "-", "A, C, Q, B, P", "-"),
        ("22:30", "22:30", "22:30", "22:30", "22:30", "23:00", "22:30"),
    ),
    "check": ("Signs in loop equations (A): wrote two new questions.",
              "Wednesday took 50 minutes, not 30: plan 50 next week."),
}


def label(c, x, y, text, size=9, font="Helvetica-Bold", color=INK):
    c.setFont(font, size)
    c.setFillColor(color)
    c.drawString(x, y, text)


def written(c, x, y, text, size=10):
    label(c, x, y, text, size, "Helvetica-Oblique", PEN)


def blank(c, x, y, width, caption, value, size=10):
    """A caption, a line to write on, and what the example writes there."""
    label(c, x, y, caption, 10)
    start = x + c.stringWidth(caption, "Helvetica-Bold", 10) + 5
    c.setStrokeColor(LINE)
    c.setLineWidth(0.7)
    c.line(start, y - 2.5, x + width, y - 2.5)
    if value:
        written(c, start + 4, y, value, size)


def cell(c, x, y, w, h, fill=None):
    c.setStrokeColor(LINE)
    c.setLineWidth(0.7)
    if fill is not None:
        c.setFillColor(fill)
    c.rect(x, y - h, w, h, stroke=1, fill=0 if fill is None else 1)


def page(c, example=None):
    top = H - MARGIN
    wide = W - 2 * MARGIN
    title = "My week of spaced practice" if example is None else "My week of spaced practice: an example"
    label(c, MARGIN, top - 17, title, 21)
    c.setFont("Helvetica", 9.5)
    c.setFillColor(GREY)
    c.drawRightString(W - MARGIN, top - 14, "Learn it, then pull it out of memory after 1, 3, 7 and 14 days")

    goal, due, trigger, action = example["head"] if example else ("", "", "", "")
    y = top - 42
    blank(c, MARGIN, y, wide * 0.56, "By the end I can", goal)
    blank(c, MARGIN + wide * 0.60, y, wide * 0.40, "I need it for", due)
    y -= 23
    blank(c, MARGIN, y, wide * 0.48, "If", trigger)
    blank(c, MARGIN + wide * 0.50, y, wide * 0.50, "then", action)

    # one: the topics
    y -= 28
    label(c, MARGIN, y, "1  Topics and their dates", 12, color=ACCENT)
    label(c, MARGIN + 158, y, "Write all four dates on the day you learn a topic. Then, each time: notes closed, five questions, "
          "note the score (4/5).", 9, "Helvetica", GREY)
    y -= 7
    cols = [wide * 0.23, wide * 0.13] + [wide * 0.16] * 4
    heads = ("Topic", "Learned on") + GAPS
    x = MARGIN
    for w, text in zip(cols, heads):
        cell(c, x, y, w, 18, TINT)
        label(c, x + 6, y - 12.5, text, 9.5)
        x += w
    y -= 18
    for n in range(6):
        name, learned, dates = example["topics"][n] if example else ("", "", ("",) * 4)
        x = MARGIN
        for w, text in zip(cols, (name, learned) + tuple(dates)):
            cell(c, x, y, w, 20)
            if text:
                written(c, x + 6, y - 14.5, text)
            x += w
        y -= 20

    # two: the week
    y -= 21
    label(c, MARGIN, y, "2  The week", 12, color=ACCENT)
    label(c, MARGIN + 158, y, "Copy each date from table 1 to its day. The gap stands in brackets: A (+3).", 9, "Helvetica", GREY)
    y -= 7
    first = 112
    each = (wide - first) / 7
    cell(c, MARGIN, y, first, 18, TINT)
    for n, day in enumerate(DAYS):
        cell(c, MARGIN + first + n * each, y, each, 18, TINT)
        label(c, MARGIN + first + n * each + 6, y - 12.5, f"{day} {9 + n}" if example else day, 9.5)
    y -= 18
    for r, (name, hint) in enumerate(ROWS):
        cell(c, MARGIN, y, first, 33, TINT)
        label(c, MARGIN + 6, y - 15, name, 9.5)
        label(c, MARGIN + 6, y - 26, hint, 8, "Helvetica", GREY)
        for n in range(7):
            cell(c, MARGIN + first + n * each, y, each, 33)
            if example:
                written(c, MARGIN + first + n * each + 6, y - 20.5, example["week"][r][n])
        y -= 33

    # three: the check
    y -= 21
    label(c, MARGIN, y, "3  Ten minutes on Sunday", 12, color=ACCENT)
    missed, change = example["check"] if example else ("", "")
    y -= 19
    blank(c, MARGIN, y, wide * 0.53, "What I missed more than once", missed if example else "", 9)
    blank(c, MARGIN + wide * 0.55, y, wide * 0.45, "What I change", change, 9)
    y -= 20
    note = ("Rule of thumb: under 3 of 5, look it up, and the topic starts again at +1 day. The exact gaps matter less than having "
            "them: for something you need in a year, go on with +30 and +60 days."
            if example is None else
            "How to read it: topic A was learned on Monday 9, so it came back on Tuesday 10 (+1) and Thursday 12 (+3), and returns on "
            "Mondays 16 and 23. No session stands on Sunday: a plan with some slack survives a bad day.")
    for text in simpleSplit(note, "Helvetica", 9, wide):
        label(c, MARGIN, y, text, 9, "Helvetica", GREY)
        y -= 12
    if y < MARGIN - 16:
        raise SystemExit(f"the page is too full: {y}")
    c.showPage()


def main():
    out = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).resolve().parent / "study-plan.pdf"
    c = Canvas(str(out), pagesize=(W, H), invariant=1, lang="en")
    c.setTitle("My week of spaced practice")
    c.setSubject("A weekly worksheet for spaced retrieval practice, with an example")
    c.setAuthor("Lyceum demo data")
    page(c)
    page(c, EXAMPLE)
    c.save()


if __name__ == "__main__":
    main()
