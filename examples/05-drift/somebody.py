"""Somebody with access who has never heard of ftops: scales one deployment, deletes the other.

python somebody.py emulator.json
"""

import json
import sys
from pathlib import Path

from azure.core.pipeline.policies import SansIOHTTPPolicy
from azure.mgmt.cognitiveservices import CognitiveServicesManagementClient


class NoLogin(SansIOHTTPPolicy):
    """The emulator takes any bearer token; over plain http the SDK would refuse to send a real one."""

    def on_request(self, request):
        request.http_request.headers["Authorization"] = "Bearer emulator"


place = json.loads(Path(sys.argv[1]).read_text().splitlines()[0])
arm = CognitiveServicesManagementClient(
    credential=None,
    subscription_id=place["subscription"],
    base_url=place["url"],
    authentication_policy=NoLogin(),
)
scaled, deleted = sys.argv[2:]
where = (place["resource_group"], place["account"])

deployment = arm.deployments.get(*where, scaled)
deployment.sku.capacity = 5
arm.deployments.begin_create_or_update(*where, scaled, deployment).result()
print(scaled, "scaled to 5")

arm.deployments.begin_delete(*where, deleted).result()
print(deleted, "deleted")
