"""The documents: their links lead somewhere, the README stays short, and docs/settings.md names the environment variables
that the code reads, and no others."""

import re
import subprocess
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"

# Names of settings as the code writes them, and, in tests, where one is read.
NAMED_BY_RUST = re.compile(r'"([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+)"')
READ_BY_TESTS = re.compile(r'\b(?:setting|var|var_os)\("([A-Z][A-Z0-9_]+)"')
READ_BY_SCRIPTS = re.compile(r"\$\{([A-Z][A-Z0-9_]+):?-|process\.env\.([A-Z][A-Z0-9_]+)")
SET_BY_TEMPLATES = re.compile(r"(?:^|[\s{,])([A-Z][A-Z0-9]+_[A-Z0-9_]+|SCHEMA): ", re.MULTILINE)
SET_BY_THE_LOCAL_STACK = re.compile(r'\("([A-Z][A-Z0-9_]+)", ')
# Not settings of Lyceum: those of the shell, of Cargo, of Lambda's sandbox, and what programs that call each other agree on.
OF_OTHERS = {"PATH", "HOME", "LC_ALL", "MODULES", "STACK", "CARGO_PKG_VERSION", "CARGO_MANIFEST_DIR"}
OF_OTHERS |= {f"AWS_LAMBDA_{name}" for name in ("FUNCTION_MEMORY_SIZE", "FUNCTION_VERSION", "LOG_GROUP_NAME", "LOG_STREAM_NAME")}
# Not environment variables: GuardDuty's verdicts, a file of Postgres.
OF_OTHERS |= {"NO_THREATS_FOUND", "THREATS_FOUND", "PG_VERSION"}

# What CONTRIBUTING.md adds by way of example.
IN_EXAMPLES = {"functions/src/catalog/courses/feature.rs", "migrations/YYYYMMDDHHMMSS_description.up.sql"}

FENCE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
CODE = re.compile(r"`[^`\n]*`")
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
HEADING = re.compile(r"^#{1,6} +(.+?) *$", re.MULTILINE)
# "`docs/security.md`, 3 and 4" or "docs/semantics.md, Files" in a comment, also when a line ends after the comma.
NEXT = r",\s+(?:(?://[/!]?|--|#)\s+)?"
CITATION = re.compile(rf"`?\b((?:docs/|infra/)?[A-Za-z-]+\.md)`?(?:{NEXT}(?:(\d+)(?:\s+and\s+(\d+))?|([A-Za-z][^,:;).]*)))?")


def tracked(*patterns):
    """The files of the project, also new ones, but none that is ignored."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "--", *patterns]
    names = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.split("\n")
    return [ROOT / name for name in names if name and (ROOT / name).is_file()]


def prose(path):
    """The page without its code, in which brackets are no links."""
    return FENCE.sub("", path.read_text())


def anchor(heading):
    """The fragment that GitHub and others make of a heading."""
    text = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).lower()
    return re.sub(r"[^\w\- ]", "", text).replace(" ", "-")


def anchors(path):
    found = set()
    for heading in HEADING.findall(prose(path)):
        name, number = anchor(heading), 0
        while (candidate := f"{name}-{number}" if number else name) in found:
            number += 1
        found.add(candidate)
    return found


class Links(unittest.TestCase):
    def test_each_relative_link_leads_to_a_file_and_to_a_heading_of_it(self):
        checked = 0
        for page in tracked("*.md"):
            for target in LINK.findall(CODE.sub("", prose(page))):
                if re.match(r"[a-z][a-z0-9+.-]*:", target):
                    continue
                path, _, fragment = target.partition("#")
                file = (page.parent / path).resolve() if path else page
                where = f"{page.relative_to(ROOT)}: {target}"
                self.assertTrue(file.exists(), where)
                if fragment:
                    self.assertIn(fragment, anchors(file), where)
                checked += 1
        self.assertGreater(checked, 20)

    def test_each_path_of_the_project_that_a_page_names_exists(self):
        checked = 0
        for page in tracked("*.md"):
            for path in re.findall(r"`((?:functions|shared|infra|migrations|docs|\.ci)/[\w./-]+)`", page.read_text()):
                if path not in IN_EXAMPLES:
                    self.assertTrue((ROOT / path).exists(), f"{page.relative_to(ROOT)}: {path}")
                checked += 1
        self.assertGreater(checked, 20)

    def test_each_page_of_docs_can_be_reached_from_the_readme(self):
        reached, waiting = set(), [ROOT / "README.md"]
        while waiting:
            page = waiting.pop()
            if page in reached:
                continue
            reached.add(page)
            targets = (target.partition("#")[0] for target in LINK.findall(CODE.sub("", prose(page))))
            files = ((page.parent / target).resolve() for target in targets if target.endswith(".md"))
            waiting += [file for file in files if file.exists()]
        self.assertLessEqual(set(tracked("docs/*.md")), reached)

    def test_each_page_that_a_comment_cites_exists_with_the_line_or_section_that_it_names(self):
        pages = {name: page for page in tracked("*.md") for name in (page.name, str(page.relative_to(ROOT)))}
        checked = 0
        for file in tracked("*.rs", "*.py", "*.sql", "*.yaml", "*.toml", "*.txt", "infra/bench/login-times", ":!infra/tests"):
            for match in CITATION.finditer(file.read_text()):
                name, first, second, section = match.groups()
                where = f"{file.relative_to(ROOT)}: {match[0]}"
                if name not in pages:
                    self.assertFalse(name.startswith(("docs/", "infra/")), where)
                    continue  # a file of a test, such as an upload's name
                text = pages[name].read_text()
                for number in filter(None, (first, second)):
                    self.assertRegex(text, rf"(?m)^{number}\. ", where)
                if section:
                    cited = " ".join(re.sub(r"(?m)^\s*(?://[/!]?|--|#)", "", section).split()).lower()
                    self.assertTrue(any(cited.startswith(heading.lower()) for heading in HEADING.findall(text)), where)
                checked += 1
        self.assertGreater(checked, 20)


class Functions(unittest.TestCase):
    def test_each_function_stands_in_the_table_once(self):
        cells = re.findall(r"^\| ([a-z`][^|]*) \|", (DOCS / "functions.md").read_text(), re.MULTILINE)
        named = sorted(name for cell in cells if cell != "function" for name in cell.replace("`", "").split(", "))
        self.assertEqual(named, sorted(path.stem for path in (ROOT / "functions/src/bin").glob("*.rs")))


class Length(unittest.TestCase):
    def test_the_readme_has_at_most_600_words(self):
        self.assertLessEqual(len((ROOT / "README.md").read_text().split()), 600)


class Settings(unittest.TestCase):
    def setUp(self):
        rows = re.findall(r"^\| (`[A-Z].*?) \|", (DOCS / "settings.md").read_text(), re.MULTILINE)
        self.documented = [name for row in rows for name in re.findall(r"`([A-Z][A-Z0-9_]+)`", row)]

    def in_use(self):
        places = [
            (NAMED_BY_RUST, ("shared/src/*.rs", "functions/src/*.rs", "infra/*.rs", ":!*tests*")),
            (READ_BY_TESTS, ("functions/tests/*.rs", "infra/*tests*.rs", "infra/local/src/programs.rs")),
            (READ_BY_SCRIPTS, ("infra/build", "infra/local/queries", "infra/bench/*", "infra/local/browser-test/*")),
            (SET_BY_TEMPLATES, ("template.yaml", "infra/*.yaml")),
            (SET_BY_THE_LOCAL_STACK, ("infra/local/src/stack/environment.rs",)),
        ]
        names = {"RUST_LOG"}  # read by tracing-subscriber
        for pattern, files in places:
            for file in tracked(*files):
                for found in pattern.findall(file.read_text()):
                    names |= {found} if isinstance(found, str) else set(filter(None, found))
        return names - OF_OTHERS

    def test_each_environment_variable_that_is_read_or_set_is_documented(self):
        in_use = self.in_use()
        self.assertIn("DATABASE_URL", in_use)
        self.assertEqual(in_use - set(self.documented), set())

    def test_each_environment_variable_that_is_documented_is_read_or_set(self):
        self.assertEqual(set(self.documented) - self.in_use(), set())

    def test_each_environment_variable_is_documented_once(self):
        twice = {name for name in self.documented if self.documented.count(name) > 1}
        self.assertEqual(twice, set())

    def test_each_template_parameter_in_the_table_exists(self):
        template = (ROOT / "template.yaml").read_text()
        rows = re.findall(r"^\| `[A-Z].*\| ([^|]+) \|$", (DOCS / "settings.md").read_text(), re.MULTILINE)
        named = [name for row in rows for name in re.findall(r"`([A-Z][a-z]\w+)`", row)]
        self.assertGreater(len(named), 5)
        for name in named:
            self.assertRegex(template, rf"(?m)^  {name}:", name)


if __name__ == "__main__":
    unittest.main()
