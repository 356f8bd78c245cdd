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
where = (place["resource_group"], place["account"])

greenhouse = arm.deployments.get(*where, "greenhouse")
greenhouse.sku.capacity = 5
arm.deployments.begin_create_or_update(*where, "greenhouse", greenhouse).result()
print("greenhouse scaled to 5")

arm.deployments.begin_delete(*where, "seedlings").result()
print("seedlings deleted")
