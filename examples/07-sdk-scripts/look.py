"""Lists what an account holds, with nothing but the `openai` and `azure-mgmt-cognitiveservices` packages.

    python look.py emulator.json

The file holds the first line that `ftops emulator serve -o json` prints.
"""

import json
import sys
from pathlib import Path

from azure.core.pipeline.policies import SansIOHTTPPolicy
from azure.mgmt.cognitiveservices import CognitiveServicesManagementClient
from openai import AzureOpenAI


class NoLogin(SansIOHTTPPolicy):
    """The emulator takes any bearer token; over plain http the SDK would refuse to send a real one."""

    def on_request(self, request):
        request.http_request.headers["Authorization"] = "Bearer emulator"


place = json.loads(Path(sys.argv[1]).read_text().splitlines()[0])

openai = AzureOpenAI(azure_endpoint=place["endpoint"], api_key=place["api_key"], api_version="2025-04-01-preview")
for file in openai.files.list():
    print("file      ", file.filename, file.status)
for job in openai.fine_tuning.jobs.list():
    print("job       ", job.model, job.status)

arm = CognitiveServicesManagementClient(
    credential=None,
    subscription_id=place["subscription"],
    base_url=place["url"],
    authentication_policy=NoLogin(),
)
for deployment in arm.deployments.list(place["resource_group"], place["account"]):
    print("deployment", deployment.name, deployment.sku.name, deployment.sku.capacity)
