"""What matters of the templates, on what CloudFormation makes of them. `python -m unittest discover infra/tests`"""

import re
import unittest

from system import (
    ALL,
    CALLED,
    FILES,
    FUNCTION_STACKS,
    FUNCTIONS,
    OF_FUNCTIONS,
    RESOURCES,
    STACK_OF,
    STACKS,
    SYSTEM,
    all_of_type,
    of_type,
    policies_in,
)
from transformed import ROOT, SAM, read, rendered, transformed, with_values

TOPIC = {"Fn::GetAtt": ["Monitoring", "Outputs.Topic"]}


class Functions(unittest.TestCase):
    def test_each_has_a_log_that_ends(self):
        for name, function in FUNCTIONS.items():
            self.assertEqual(function["FunctionName"], {"Fn::Sub": f"${{AWS::StackName}}-{name}"})
            log = FUNCTION_STACKS[STACK_OF[name]][f"{name}Logs"]["Properties"]
            self.assertEqual(log["LogGroupName"], {"Fn::Sub": f"/aws/lambda/${{AWS::StackName}}-{name}"})
            self.assertEqual(log["RetentionInDays"], {"Ref": "LogRetention"})
            self.assertEqual(function["LoggingConfig"], {"LogFormat": "JSON"})
            self.assertEqual(function["TracingConfig"], {"Mode": "Active"})

    def test_each_has_an_alarm(self):
        watched = {}
        for stack, name, alarm in all_of_type("AWS::CloudWatch::Alarm"):
            if alarm["MetricName"] == "Errors":
                (dimension,) = alarm["Dimensions"]
                self.assertEqual((alarm["Namespace"], dimension["Name"]), ("AWS/Lambda", "FunctionName"))
                self.assertEqual((alarm["Threshold"], alarm["TreatMissingData"]), (1, "notBreaching"))
                watched[dimension["Value"]["Ref"]] = FUNCTION_STACKS[stack][name].get("Condition")
        self.assertEqual(set(watched), set(FUNCTIONS))
        for function, condition in watched.items():
            self.assertEqual(condition, "AlarmsPerFunction" if function in CALLED else None, function)

    def test_without_alarms_of_their_own_one_alarm_watches_all_functions(self):
        alarm = ALL["infra/monitoring.yaml"]["Resources"]["FunctionsFailed"]
        self.assertNotIn("Condition", alarm)
        properties = alarm["Properties"]
        self.assertEqual((properties["Namespace"], properties["MetricName"]), ("AWS/Lambda", "Errors"))
        self.assertNotIn("Dimensions", properties, "a dimension would leave functions out")

    def test_somebody_hears_each_alarm(self):
        for name, alarm in of_type("AWS::CloudWatch::Alarm", ALL["infra/monitoring.yaml"]["Resources"]).items():
            self.assertEqual(alarm["AlarmActions"], [{"Ref": "Alarms"}], name)
        self.assertEqual(ALL["infra/monitoring.yaml"]["Outputs"]["Topic"]["Value"], {"Ref": "Alarms"})
        for stack in set(STACKS) - {"Monitoring"}:
            for name, alarm in of_type("AWS::CloudWatch::Alarm", ALL[STACKS[stack]["TemplateURL"]]["Resources"]).items():
                self.assertEqual(with_values(alarm["AlarmActions"], STACKS[stack]["Parameters"]), [TOPIC], (stack, name))

    def test_all_wait_for_the_schema_but_the_one_that_makes_it(self):
        self.assertEqual(FUNCTION_STACKS["Schema"]["Schema"]["Properties"]["ServiceToken"], {"Fn::GetAtt": ["Migrate", "Arn"]})
        self.assertEqual([name for name, stack in STACK_OF.items() if stack == "Schema"], ["Migrate"])
        version = {"Fn::GetAtt": ["Schema", "Outputs.Version"]}
        for name, function in FUNCTIONS.items():
            wanted = None if name == "Migrate" else version
            self.assertEqual(function["Environment"]["Variables"].get("SCHEMA"), wanted, name)

    def test_another_database_is_migrated_too(self):
        cluster = {"Fn::GetAtt": ["Database", "Outputs.Cluster"]}
        self.assertEqual(FUNCTION_STACKS["Schema"]["Schema"]["Properties"].get("Database"), cluster)

    def test_who_is_called_answers_before_the_api_gives_up(self):
        for name in CALLED:
            self.assertLess(FUNCTIONS[name]["Timeout"], 30, name)

    def test_who_may_wait_for_a_sleeping_database_has_time(self):
        for name in set(FUNCTIONS) - set(CALLED):
            self.assertGreaterEqual(FUNCTIONS[name]["Timeout"], 60, name)
        for resources in FUNCTION_STACKS.values():
            for name, resource in resources.items():
                if resource["Type"].startswith("Custom::"):
                    maker = resources[resource["Properties"]["ServiceToken"]["Fn::GetAtt"][0]]["Properties"]
                    self.assertGreaterEqual(resource["Properties"]["ServiceTimeout"], maker["Timeout"], name)

    def test_hashing_takes_a_whole_processor_and_nobody_elses(self):
        hashing = {"Register", "Login", "ResetPassword", "Credentials"}
        self.assertEqual({name for name, of in FUNCTIONS.items() if of["MemorySize"] == 1769}, hashing)
        self.assertEqual({name for name, of in FUNCTIONS.items() if "ReservedConcurrentExecutions" in of}, hashing)

    def test_a_function_that_sends_to_its_own_queue_is_allowed_to(self):
        """Lambda stops a function that does so 16 times in a row, unless this is set."""
        sends = {name for name, of in FUNCTIONS.items() if of.get("RecursiveLoop") == "Allow"}
        self.assertEqual(sends, {"DeliverMail", "RecomputeProgress", "RunJobs"})


class Calls(unittest.TestCase):
    def test_each_route_reaches_a_function_of_its_stack(self):
        keys, reached = [], set()
        for stack, name, route in all_of_type("AWS::ApiGatewayV2::Route"):
            self.assertEqual(route["ApiId"], {"Ref": "Api"}, name)
            integration = route["Target"]["Fn::Sub"].removeprefix("integrations/${").removesuffix("}")
            self.assertEqual(FUNCTION_STACKS[stack][integration]["Type"], "AWS::ApiGatewayV2::Integration")
            keys.append(route["RouteKey"])
            reached.add((stack, integration))
        self.assertEqual(len(keys), len(set(keys)), "a key has one route")
        self.assertEqual(keys.count("$default"), 1)
        self.assertEqual(reached, set(CALLED.values()), "each integration has a route")

    def test_each_called_function_has_one_integration(self):
        integrations = all_of_type("AWS::ApiGatewayV2::Integration")
        self.assertEqual(len(integrations), len(CALLED))
        for stack, name, integration in integrations:
            function, attribute = integration["IntegrationUri"]["Fn::GetAtt"]
            self.assertEqual((name, attribute, STACK_OF[function]), (f"{function}Integration", "Arn", stack))
            self.assertEqual(integration["PayloadFormatVersion"], "2.0", name)
            self.assertEqual(integration["ApiId"], {"Ref": "Api"}, name)

    def test_one_permission_a_function_and_for_this_api_alone(self):
        permissions = all_of_type("AWS::Lambda::Permission")
        by_api = [of for _, _, of in permissions if of["Principal"].startswith("apigateway")]
        self.assertEqual(sorted(of["FunctionName"]["Fn::GetAtt"][0] for of in by_api), sorted(CALLED))
        for permission in by_api:
            self.assertTrue(permission["SourceArn"]["Fn::Sub"].endswith(":${Api}/*"))

    def test_nobody_may_call_a_function_from_another_account(self):
        for _, name, permission in all_of_type("AWS::Lambda::Permission"):
            self.assertTrue({"SourceArn", "SourceAccount"} & set(permission), name)

    def test_calls_past_the_edge_are_known(self):
        secret = {"Fn::Sub": "{{resolve:secretsmanager:${EdgeSecret}}}"}
        for name, function in FUNCTIONS.items():
            wanted = secret if name in CALLED else None
            self.assertEqual(function["Environment"]["Variables"].get("EDGE_SECRET"), wanted, name)
        self.assertEqual(STACKS["Edge"]["Parameters"]["Secret"], {"Ref": "EdgeSecret"})
        distribution = ALL["infra/edge.yaml"]["Resources"]["Distribution"]["Properties"]["DistributionConfig"]
        api = next(origin for origin in distribution["Origins"] if origin["Id"] == "api")
        header = {"HeaderName": "x-lyceum-edge", "HeaderValue": {"Fn::Sub": "{{resolve:secretsmanager:${Secret}}}"}}
        self.assertEqual(api["OriginCustomHeaders"], [header])
        self.assertFalse(header["HeaderName"].startswith(("x-amz-", "x-edge-")), "CloudFront keeps these for itself")
        headers = ALL["infra/edge.yaml"]["Resources"]["WhatTheApiReads"]["Properties"]["OriginRequestPolicyConfig"]
        self.assertIn("CloudFront-Viewer-Address", headers["HeadersConfig"]["Headers"])
        self.assertLessEqual(len(headers["HeadersConfig"]["Headers"]), 10, "as many as CloudFront takes")

    def test_a_secret_is_never_shown_as_a_parameter(self):
        for stack, of in STACKS.items():
            for name, value in of.get("Parameters", {}).items():
                if "{{resolve:" in str(value):
                    self.assertIs(ALL[of["TemplateURL"]]["Parameters"][name].get("NoEcho"), True, (stack, name))

    def test_a_domain_can_move_here(self):
        """CloudFront moves one to a distribution that has its certificate, but not itself yet."""
        distribution = ALL["infra/edge.yaml"]["Resources"]["Distribution"]["Properties"]["DistributionConfig"]
        self.assertEqual(distribution["ViewerCertificate"]["Fn::If"][0], "HasCertificate")
        self.assertEqual(distribution["Aliases"]["Fn::If"][0], "HasDomain")

    def test_a_signature_ends_at_the_edge_too(self):
        distribution = ALL["infra/edge.yaml"]["Resources"]["Distribution"]["Properties"]["DistributionConfig"]
        signed = next(each for each in distribution["CacheBehaviors"] if each["PathPattern"] == "media/*")
        self.assertEqual(signed["CachePolicyId"], {"Ref": "ByItsSignature"})
        policy = ALL["infra/edge.yaml"]["Resources"]["ByItsSignature"]["Properties"]["CachePolicyConfig"]
        self.assertEqual((policy["MinTTL"], policy["DefaultTTL"]), (0, 0), "S3's no-store is heard")
        key = policy["ParametersInCacheKeyAndForwardedToOrigin"]
        self.assertEqual(key["QueryStringsConfig"], {"QueryStringBehavior": "all"}, "or two would share one answer")
        self.assertEqual(FUNCTIONS["Media"]["Environment"]["Variables"]["AWS_USE_DUALSTACK_ENDPOINT"], "false")
        origin = next(each for each in distribution["Origins"] if each["Id"] == signed["TargetOriginId"])
        self.assertEqual(origin["DomainName"], {"Fn::Sub": "${Bucket}.s3.${AWS::Region}.${AWS::URLSuffix}"})
        self.assertNotIn("OriginAccessControlId", origin, "CloudFront would sign it once more")


class Queues(unittest.TestCase):
    def test_each_has_a_dead_letter_queue_with_an_alarm(self):
        resources = ALL["infra/queue.yaml"]["Resources"]
        queues = of_type("AWS::SQS::Queue", resources)
        self.assertEqual(set(queues), {"Queue", "DeadLetters"})
        self.assertEqual(queues["Queue"]["RedrivePolicy"]["deadLetterTargetArn"], {"Fn::GetAtt": ["DeadLetters", "Arn"]})
        self.assert_watched("DeadLetters", resources)
        self.assertEqual(of_type("AWS::SQS::Queue"), {}, "queues are stacks of their own")
        of_queues = {name: of for name, of in STACKS.items() if of["TemplateURL"] == "infra/queue.yaml"}
        self.assertEqual(set(of_queues), {f"{of['Parameters']['Name']}Queue" for of in of_queues.values()})
        for queue in queues.values():
            self.assertTrue(queue["SqsManagedSseEnabled"])

    def test_events_that_failed_are_kept_and_raise_an_alarm(self):
        self.assertEqual([name for _, name, _ in all_of_type("AWS::SQS::Queue")], ["IngestFailures"])
        for stack, name, queue in all_of_type("AWS::SQS::Queue"):
            self.assertEqual(queue["QueueName"], {"Fn::Sub": f"${{AWS::StackName}}-{name}"}, "as the runbook names it")
            self.assertTrue(queue["SqsManagedSseEnabled"], name)
            self.assert_watched(name, FUNCTION_STACKS[stack])

    def assert_watched(self, queue, resources):
        alarm = resources[f"{queue}Waiting"]["Properties"]
        self.assertNotIn("Condition", resources[f"{queue}Waiting"])
        self.assertEqual(alarm["MetricName"], "ApproximateNumberOfMessagesVisible")
        self.assertEqual(alarm["Threshold"], 1)
        self.assertEqual(alarm["Dimensions"], [{"Name": "QueueName", "Value": {"Fn::GetAtt": [queue, "QueueName"]}}])

    def test_a_batch_reports_its_failures_one_by_one_and_has_time(self):
        sources = all_of_type("AWS::Lambda::EventSourceMapping")
        of_queues = [name for name, of in STACKS.items() if of["TemplateURL"] == "infra/queue.yaml"]
        self.assertEqual(sorted(source["EventSourceArn"]["Fn::GetAtt"][0] for _, _, source in sources), sorted(of_queues))
        for stack, name, source in sources:
            self.assertEqual(source["FunctionResponseTypes"], ["ReportBatchItemFailures"], name)
            queue, output = source["EventSourceArn"]["Fn::GetAtt"]
            self.assertEqual(output, "Outputs.Arn")
            given = STACKS[queue]["Parameters"].get("VisibilityTimeout")
            visibility = given or ALL["infra/queue.yaml"]["Parameters"]["VisibilityTimeout"]["Default"]
            function = source["FunctionName"]["Ref"]
            self.assertGreaterEqual(visibility, 6 * FUNCTIONS[function]["Timeout"])
            self.assert_allowed_by_the_role(function, "sqs:ReceiveMessage", source["EventSourceArn"])

    def test_a_function_that_sends_to_its_own_queue_is_not_stopped_after_sixteen_messages(self):
        for _, _, source in all_of_type("AWS::Lambda::EventSourceMapping"):
            name = source["FunctionName"]["Ref"]
            self.assert_allowed_by_the_role(name, "sqs:SendMessage", source["EventSourceArn"])
            self.assertEqual(FUNCTIONS[name]["RecursiveLoop"], "Allow", name)

    def test_where_failures_go_may_be_written_to_before_it_is_said(self):
        configs = all_of_type("AWS::Lambda::EventInvokeConfig")
        self.assertEqual(len(configs), 1)
        for _, _, config in configs:
            queue = config["DestinationConfig"]["OnFailure"]["Destination"]
            self.assert_allowed_by_the_role(config["FunctionName"]["Ref"], "sqs:SendMessage", queue)

    def assert_allowed_by_the_role(self, function, action, resource):
        """The role itself has the right, so that it is there before the function, and what Lambda makes of it, is."""
        role = FUNCTION_STACKS[STACK_OF[function]][FUNCTIONS[function]["Role"]["Fn::GetAtt"][0]]
        allowed = [each for each in policies_in(role["Properties"]["Policies"]) if action in each["Action"]]
        self.assertIn(resource, [each["Resource"] for each in allowed], function)


class WhatLasts(unittest.TestCase):
    def test_no_bucket_is_public(self):
        for path, template in ALL.items():
            for name, bucket in of_type("AWS::S3::Bucket", template["Resources"]).items():
                self.assertEqual(set(bucket["PublicAccessBlockConfiguration"].values()), {True}, (path, name))
                self.assertEqual(len(bucket["PublicAccessBlockConfiguration"]), 4)
                self.assertEqual(bucket["VersioningConfiguration"], {"Status": "Enabled"})
                self.assertIn("BucketEncryption", bucket)
        for statement in policies_in(RESOURCES["MediaBucketPolicy"]):
            if statement["Effect"] == "Allow":
                self.assertEqual(statement["Principal"], {"Service": "cloudfront.amazonaws.com"})
                self.assertIn("aws:SourceArn", statement["Condition"]["StringEquals"])
                self.assertEqual(rendered(statement["Resource"]), "${MediaBucket.Arn}/public/*")

    def test_unchecked_uploads_leave_no_former_versions_for_long(self):
        """Protects against H8: a form that was sent again and again."""
        rules = of_type("AWS::S3::Bucket")["MediaBucket"]["LifecycleConfiguration"]["Rules"]
        unchecked = [rule for rule in rules if rule.get("Prefix") == "uploads/"]
        self.assertEqual([rule["NoncurrentVersionExpiration"] for rule in unchecked], [{"NoncurrentDays": 1}])
        self.assertEqual({rule["Status"] for rule in rules}, {"Enabled"})

    def test_data_outlives_a_mistake(self):
        for name in ("MediaBucket", "SigningKey"):
            self.assertEqual((RESOURCES[name]["DeletionPolicy"], RESOURCES[name]["UpdateReplacePolicy"]), ("Retain",) * 2)
        cluster = ALL["infra/database.yaml"]["Resources"]["Cluster"]
        self.assertEqual(cluster["DeletionPolicy"], "Snapshot")
        for switched_on in ("DeletionProtection", "EnableIAMDatabaseAuthentication"):
            self.assertIs(cluster["Properties"][switched_on], True)
        encrypted = {"Fn::If": ["IsNew", True, {"Ref": "AWS::NoValue"}]}
        self.assertEqual(cluster["Properties"]["StorageEncrypted"], encrypted, "a copy must not say it")

    def test_what_a_restore_needs_is_not_made_anew_by_it(self):
        database = ALL["infra/database.yaml"]["Resources"]
        self.assertNotIn("Ref", str(database["Settings"]["Properties"]), "the cluster before keeps its group")
        self.assertEqual(database["Log"]["UpdateReplacePolicy"], "Retain")
        self.assertEqual(database["Reader"]["DependsOn"], "Writer", "the first instance of a cluster writes")

    def test_what_cannot_change_its_zones_is_another_one_by_its_name(self):
        where = {
            "infra/database.yaml": {"Proxy": "DBProxyName", "ProxyReader": "DBProxyEndpointName"},
            "infra/cache.yaml": {"Cache": "ServerlessCacheName"},
        }
        for path, resources in where.items():
            for name, property in resources.items():
                self.assertIn("${Zones}", str(ALL[path]["Resources"][name]["Properties"][property]), name)
        pinned = ALL["infra/monitoring.yaml"]["Resources"]["ConnectionsPinned"]["Properties"]
        self.assertEqual(pinned["Dimensions"], [{"Name": "ProxyName", "Value": {"Ref": "Proxy"}}])

    def test_s3_is_reached_by_the_endpoint_as_functions_ask_for_it(self):
        self.assertEqual(FUNCTIONS["Ingest"]["Environment"]["Variables"]["AWS_USE_DUALSTACK_ENDPOINT"], "true")
        endpoint = ALL["infra/network.yaml"]["Resources"]["S3Endpoint"]["Properties"]
        self.assertEqual(endpoint["IpAddressType"], "dualstack")

    def test_nothing_lets_the_world_into_the_network(self):
        network = ALL["infra/network.yaml"]["Resources"]
        kinds = {resource["Type"] for resource in network.values()}
        self.assertFalse(kinds & {"AWS::EC2::InternetGateway", "AWS::EC2::NatGateway"})
        for name, group in of_type("AWS::EC2::SecurityGroup", network).items():
            for rule in group.get("SecurityGroupIngress", []):
                self.assertIn("SourceSecurityGroupId", rule, name)
            self.assertTrue(group["SecurityGroupEgress"], f"{name}: without a rule, all may leave")


class Runbook(unittest.TestCase):
    def test_no_parameter_is_given_for_one_deployment_alone(self):
        """The next one would send what samconfig.toml says, and undo it: a restored database would be an empty one."""
        for path in ("README.md", "docs/operations.md"):
            self.assertNotRegex((ROOT / path).read_text(), r"sam deploy[^`\n]*--parameter-overrides", path)


class Macros(unittest.TestCase):
    """What is tested is what is deployed: CloudFormation runs SAM's transform and no other."""

    def test_only_sam_transforms_a_template(self):
        for path in FILES:
            template = read(path)
            self.assertIn(template.get("Transform"), (None, SAM), path)
            for name in ("Fn::ForEach", "Fn::ToJsonString", "Fn::Length", "Fn::Transform"):
                self.assertNotIn(name, str(template), path)
            self.assertNotIn("Mappings", template, path)

    def test_a_template_of_functions_is_plain(self):
        for path in OF_FUNCTIONS:
            template = read(path)
            self.assertNotIn("VpcConfig", template["Globals"]["Function"], "NoValue in a function would not take it away")
            text = str(template)
            for name in ("AWS::StackName", "Fn::Select", "Fn::ImportValue", "{{resolve:"):
                self.assertNotIn(name, text, path)
            self.assertTrue((ROOT / path).read_text().startswith("# Generated by `cargo run -- generate`"), path)

    def test_the_transform_makes_the_same_resources_whatever_the_parameters_are(self):
        """CloudFormation hands the parameters' values to the transform; the other tests look at references to them."""
        for path in OF_FUNCTIONS:
            kinds = {"Number": 7, "String": "given"}
            given = {name: kinds.get(of["Type"], "subnet-1,subnet-2") for name, of in ALL[path]["Parameters"].items()}
            given |= {name: "true" for name, of in ALL[path]["Parameters"].items() if "AllowedValues" in of}
            resources = transformed(path, given | {"Architecture": "arm64"})["Resources"]
            self.assertEqual(set(resources), set(ALL[path]["Resources"]), path)
            for name, function in of_type("AWS::Lambda::Function", resources).items():
                self.assertEqual("VpcConfig" in function, "VpcConfig" in FUNCTIONS[name], name)


class Parameters(unittest.TestCase):
    def test_the_system_asks_for_what_its_stacks_take(self):
        """What a nested stack refuses, it refuses late, and all is rolled back."""
        asked = SYSTEM["Parameters"]
        limits = ("MinValue", "MaxValue", "AllowedValues")
        for name, stack in STACKS.items():
            takes = read(stack["TemplateURL"])["Parameters"]
            for parameter, value in stack["Parameters"].items():
                if list(value) == ["Ref"] and value["Ref"] in asked:
                    for limit in limits:
                        if limit in takes[parameter]:
                            self.assertEqual(asked[value["Ref"]].get(limit), takes[parameter][limit], (name, parameter))

    def test_nested_stacks_are_given_what_they_ask_for(self):
        for name, stack in STACKS.items():
            asked = read(stack["TemplateURL"])["Parameters"]
            given = stack["Parameters"]
            needed = {parameter for parameter, of in asked.items() if "Default" not in of}
            self.assertLessEqual(needed, set(given), name)
            self.assertLessEqual(set(given), set(asked), name)
        for path, template in ALL.items():
            for _, of in STACKS.items():
                outputs = ALL[of["TemplateURL"]].get("Outputs", {})
                stack = next(key for key, value in STACKS.items() if value is of)
                wanted = re.findall(rf"\b{stack}(?:', '|\.)Outputs\.(\w+)", str(template))
                self.assertLessEqual(set(wanted), set(outputs), (path, stack))


if __name__ == "__main__":
    unittest.main()
