"""The system as CloudFormation makes it of the templates: what their tests look at."""

from transformed import ROOT, transformed

FILES = ["template.yaml", *sorted(f"infra/{path.name}" for path in (ROOT / "infra").glob("*.yaml"))]
GIVEN = {"AdministratorEmail": "a@example.org", "FrontendUrl": "https://learn.example.org", "MailFrom": "a@example.org", "MailIdentity": "example.org"}

SYSTEM = transformed("template.yaml", GIVEN)
RESOURCES = SYSTEM["Resources"]


def of_type(kind, resources=RESOURCES):
    return {name: resource["Properties"] for name, resource in resources.items() if resource["Type"] == kind}


def as_list(value):
    return value if isinstance(value, list) else [value]


def listed(value):
    """The items of a list that the template joins for a nested one."""
    found = []
    for item in as_list(value):
        match item:
            case {"Fn::Join": [",", inner]}:
                found += listed(inner)
            case {"Fn::FindInMap": [mapping, first, second]}:
                found += SYSTEM["Mappings"][mapping][first][second]
            case _:
                found.append(item)
    return found


FUNCTIONS = of_type("AWS::Lambda::Function")
STACKS = of_type("AWS::CloudFormation::Stack")
CALLED = listed(STACKS["Routes"]["Parameters"]["Functions"])
NESTED = {
    "infra/routes.yaml": {"Functions": ",".join(CALLED)},
    "infra/monitoring.yaml": {"Functions": ",".join(FUNCTIONS)},
}
ALL = {path: transformed(path, NESTED.get(path)) for path in FILES if path != "template.yaml"} | {"template.yaml": SYSTEM}


def policies_in(node):
    """Every statement of every policy, wherever it stands."""
    if isinstance(node, list):
        for each in node:
            yield from policies_in(each)
    elif isinstance(node, dict):
        if "Effect" in node and "Action" in node:
            yield node
        for value in node.values():
            yield from policies_in(value)
