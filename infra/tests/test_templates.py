"""What matters of the templates, on what CloudFormation makes of them. `python -m unittest discover infra/tests`"""

import re
import unittest

from samcli.lib.cfn_language_extensions.sam_integration import expand_language_extensions
from system import ALL, CALLED, FILES, FUNCTIONS, GIVEN, NESTED, RESOURCES, STACKS, SYSTEM, as_list, listed, of_type, policies_in
from transformed import ROOT, names, read, rendered, unrolled


class Functions(unittest.TestCase):
    def test_each_has_a_log_that_ends(self):
        logs = {of["LogGroupName"]["Fn::Sub"]: of for of in of_type("AWS::Logs::LogGroup").values()}
        for name, function in FUNCTIONS.items():
            self.assertEqual(function["FunctionName"], {"Fn::Sub": f"${{AWS::StackName}}-{name}"})
            self.assertIn("RetentionInDays", logs[f"/aws/lambda/${{AWS::StackName}}-{name}"])
            self.assertEqual(function["LoggingConfig"], {"LogFormat": "JSON"})
            self.assertEqual(function["TracingConfig"], {"Mode": "Active"})

    def test_each_has_an_alarm_that_somebody_hears(self):
        self.assertEqual(set(listed(STACKS["Monitoring"]["Parameters"]["Functions"])), set(FUNCTIONS))
        alarms = of_type("AWS::CloudWatch::Alarm", ALL["infra/monitoring.yaml"]["Resources"])
        watched = [of["Dimensions"][0]["Value"] for of in alarms.values() if of.get("MetricName") == "Errors"]
        self.assertEqual(watched, [{"Fn::Sub": f"${{System}}-{name}"} for name in FUNCTIONS])
        for name, alarm in alarms.items():
            self.assertEqual(alarm["AlarmActions"], [{"Ref": "Alarms"}], name)

    def test_all_wait_for_the_schema_but_the_one_that_makes_it(self):
        schema = RESOURCES["Schema"]["Properties"]["ServiceToken"]
        self.assertEqual(schema, {"Fn::GetAtt": ["Migrate", "Arn"]})
        for name, function in FUNCTIONS.items():
            wanted = "" if name == "Migrate" else {"Ref": "Schema"}
            self.assertEqual(function["Environment"]["Variables"]["SCHEMA"], wanted, name)

    def test_another_database_is_migrated_too(self):
        cluster = {"Fn::GetAtt": ["Database", "Outputs.Cluster"]}
        self.assertEqual(RESOURCES["Schema"]["Properties"].get("Database"), cluster)

    def test_who_is_called_answers_before_the_api_gives_up(self):
        for name in CALLED:
            self.assertLess(FUNCTIONS[name]["Timeout"], 30, name)

    def test_who_may_wait_for_a_sleeping_database_has_time(self):
        for name in set(FUNCTIONS) - set(CALLED):
            self.assertGreaterEqual(FUNCTIONS[name]["Timeout"], 60, name)
        for name, resource in RESOURCES.items():
            if resource["Type"].startswith("Custom::"):
                maker = FUNCTIONS[resource["Properties"]["ServiceToken"]["Fn::GetAtt"][0]]
                self.assertGreaterEqual(resource["Properties"]["ServiceTimeout"], maker["Timeout"], name)

    def test_hashing_takes_a_whole_processor_and_nobody_elses(self):
        hashing = {"Register", "Login", "ResetPassword", "Credentials"}
        self.assertEqual({name for name, of in FUNCTIONS.items() if of["MemorySize"] == 1769}, hashing)
        self.assertEqual({name for name, of in FUNCTIONS.items() if "ReservedConcurrentExecutions" in of}, hashing)


class Calls(unittest.TestCase):
    def test_every_route_reaches_a_function_that_may_be_called(self):
        routes = ALL["infra/routes.yaml"]
        self.assertEqual(set(routes["Mappings"]["Routes"]), set(CALLED))
        integrations = of_type("AWS::ApiGatewayV2::Integration", routes["Resources"])
        self.assertEqual(set(integrations), set(CALLED))
        for name, integration in integrations.items():
            self.assertIn(name, FUNCTIONS)
            self.assertTrue(integration["IntegrationUri"]["Fn::Sub"].endswith(f":function:${{System}}-{name}"))
        keys = {key for of in routes["Mappings"]["Routes"].values() for key in of["Keys"]}
        made = of_type("AWS::ApiGatewayV2::Route", routes["Resources"])
        self.assertEqual({route["RouteKey"] for route in made.values()}, keys)
        for route in made.values():
            owner = route["Target"]["Fn::Join"][1][1]["Fn::GetAtt"][0]
            self.assertIn(route["RouteKey"], routes["Mappings"]["Routes"][owner]["Keys"])

    def test_one_permission_a_function_and_for_this_api_alone(self):
        by_api = [of for of in of_type("AWS::Lambda::Permission").values() if of["Principal"].startswith("apigateway")]
        self.assertEqual(sorted(of["FunctionName"]["Fn::GetAtt"][0] for of in by_api), sorted(CALLED))
        for permission in by_api:
            self.assertTrue(permission["SourceArn"]["Fn::Sub"].endswith(":${Api}/*"))

    def test_nobody_may_call_a_function_from_another_account(self):
        for name, permission in of_type("AWS::Lambda::Permission").items():
            self.assertTrue({"SourceArn", "SourceAccount"} & set(permission), name)

    def test_calls_past_the_edge_are_known(self):
        secret = {"Fn::Sub": "{{resolve:secretsmanager:${EdgeSecret}}}"}
        for name, function in FUNCTIONS.items():
            wanted = secret if name in CALLED else ""
            self.assertEqual(function["Environment"]["Variables"]["EDGE_SECRET"], wanted, name)
        self.assertEqual(STACKS["Edge"]["Parameters"]["Secret"], {"Ref": "EdgeSecret"})
        distribution = ALL["infra/edge.yaml"]["Resources"]["Distribution"]["Properties"]["DistributionConfig"]
        api = next(origin for origin in distribution["Origins"] if origin["Id"] == "api")
        header = {"HeaderName": "x-lyceum-edge", "HeaderValue": {"Fn::Sub": "{{resolve:secretsmanager:${Secret}}}"}}
        self.assertEqual(api["OriginCustomHeaders"], [header])
        self.assertFalse(header["HeaderName"].startswith(("x-amz-", "x-edge-")), "CloudFront keeps these for itself")
        headers = ALL["infra/edge.yaml"]["Resources"]["WhatTheApiReads"]["Properties"]["OriginRequestPolicyConfig"]
        self.assertIn("CloudFront-Viewer-Address", headers["HeadersConfig"]["Headers"])
        self.assertLessEqual(len(headers["HeadersConfig"]["Headers"]), 10, "as many as CloudFront takes")

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
    def test_each_has_a_dead_letter_queue_and_each_of_these_an_alarm(self):
        queues = of_type("AWS::SQS::Queue")
        targets = {name: of["RedrivePolicy"]["deadLetterTargetArn"]["Fn::GetAtt"][0] for name, of in queues.items() if "RedrivePolicy" in of}
        self.assertEqual(set(queues) - set(targets), set(targets.values()) | FAILURES)
        watched = STACKS["Monitoring"]["Parameters"]["DeadLetterQueues"].split(",")
        self.assertEqual(sorted(watched), sorted(set(targets.values()) | FAILURES))
        for name in watched: # by which the alarm knows it
            self.assertEqual(queues[name]["QueueName"], {"Fn::Sub": f"${{AWS::StackName}}-{name}"})
        for name, queue in queues.items():
            self.assertTrue(queue["SqsManagedSseEnabled"], name)

    def test_a_batch_reports_its_failures_one_by_one_and_has_time(self):
        sources = of_type("AWS::Lambda::EventSourceMapping")
        self.assertEqual(len(sources), 2)
        for name, source in sources.items():
            self.assertEqual(source["FunctionResponseTypes"], ["ReportBatchItemFailures"], name)
            queue = RESOURCES[source["EventSourceArn"]["Fn::GetAtt"][0]]["Properties"]
            function = FUNCTIONS[source["FunctionName"]["Ref"]]
            self.assertGreaterEqual(queue["VisibilityTimeout"], 6 * function["Timeout"])
            reader = RESOURCES[source["FunctionName"]["Ref"]]["DependsOn"]
            self.assertIn(reader, of_type("AWS::IAM::Policy"), "without the right, the mapping can't be made")


    def test_where_failures_go_may_be_written_to_before_it_is_said(self):
        configs = of_type("AWS::Lambda::EventInvokeConfig")
        self.assertEqual(len(configs), 1)
        for name, config in configs.items():
            queue = config["DestinationConfig"]["OnFailure"]["Destination"]["Fn::GetAtt"]
            waits = as_list(RESOURCES[config["FunctionName"]["Ref"]].get("DependsOn", []))
            rights = [each for right in waits for each in policies_in(RESOURCES[right])]
            self.assertIn({"Fn::GetAtt": queue}, [right["Resource"] for right in rights], name)


# Not behind a queue, but behind Lambda's own retries.
FAILURES = {"IngestFailures"}


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


class Size(unittest.TestCase):
    def test_there_is_room_to_double(self):
        for path, template in ALL.items():
            self.assertLess(len(template["Resources"]), 250, path)
            self.assertLess(len(template.get("Parameters", {})), 100, path)
            self.assertLess(len(str(template)), 500_000, path)
            self.assertLess(str(template).count("{{resolve:"), 60, f"{path}: as many as CloudFormation looks up")

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

    def test_the_loops_are_such_as_cloudformation_takes(self):
        """By SAM CLI's copy of what CloudFormation does, which knows which names are in each other's way."""
        for path in FILES:
            template = read(path)
            given = {**GIVEN, **NESTED.get(path, {})}
            result = expand_language_extensions(template, parameter_values=given, enabled=True)
            if "AWS::LanguageExtensions" in as_list(template.get("Transform", [])):
                self.assertEqual(len(result.expanded_template["Resources"]), len(unrolled(template, given)["Resources"]), path)

    def test_nothing_waits_for_itself(self):
        for path, template in ALL.items():
            waits = {
                name: {other for other in [*names(resource.get("Properties", {})), *as_list(resource.get("DependsOn", []))]}
                & set(template["Resources"])
                for name, resource in template["Resources"].items()
            }
            while free := {name for name, others in waits.items() if not others}:
                waits = {name: others - free for name, others in waits.items() if name not in free}
            self.assertEqual(waits, {}, path)


if __name__ == "__main__":
    unittest.main()
