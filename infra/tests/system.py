"""The system as CloudFormation makes it of the templates, for the tests to look at."""

from transformed import ROOT, transformed, with_values

FILES = ["template.yaml", *sorted(str(path.relative_to(ROOT)) for path in (ROOT / "infra").glob("**/*.yaml"))]
# A template in infra/functions is one of functions.
OF_FUNCTIONS = [path for path in FILES if path.startswith("infra/functions/")]

ALL = {path: transformed(path) for path in FILES}
SYSTEM = ALL["template.yaml"]
RESOURCES = SYSTEM["Resources"]


def of_type(kind, resources=RESOURCES):
    return {name: resource["Properties"] for name, resource in resources.items() if resource["Type"] == kind}


def as_list(value):
    return value if isinstance(value, list) else [value]


STACKS = of_type("AWS::CloudFormation::Stack")


def in_the_system(stack):
    """The resources of a nested stack, with its parameters replaced by what template.yaml gives it."""
    return with_values(ALL[STACKS[stack]["TemplateURL"]]["Resources"], STACKS[stack].get("Parameters", {}))


# The resources of the stacks of functions, by the stack's name in template.yaml.
FUNCTION_STACKS = {name: in_the_system(name) for name, of in STACKS.items() if of["TemplateURL"] in OF_FUNCTIONS}
STACK_OF = {
    function: stack
    for stack, resources in FUNCTION_STACKS.items()
    for function in of_type("AWS::Lambda::Function", resources)
}
FUNCTIONS = {function: FUNCTION_STACKS[stack][function]["Properties"] for function, stack in STACK_OF.items()}


def all_of_type(kind):
    """All resources of that type in the stacks of functions: stack, name, properties."""
    return [
        (stack, name, properties)
        for stack, resources in FUNCTION_STACKS.items()
        for name, properties in of_type(kind, resources).items()
    ]


# The functions that the API calls, by the names of their integrations.
CALLED = {
    integration["IntegrationUri"]["Fn::GetAtt"][0]: (stack, name)
    for stack, name, integration in all_of_type("AWS::ApiGatewayV2::Integration")
}


def policies_in(node):
    """Yields every statement of every policy below this node."""
    if isinstance(node, list):
        for each in node:
            yield from policies_in(each)
    elif isinstance(node, dict):
        if "Effect" in node and "Action" in node:
            yield node
        for value in node.values():
            yield from policies_in(value)
