"""Deploys a fine-tuned model and asks it something, as one would against Azure.

python deploy.py emulator.json MODEL "Which grind for a moka pot?"
"""

import json
import sys
from pathlib import Path

from azure.core.pipeline.policies import SansIOHTTPPolicy
from azure.mgmt.cognitiveservices import CognitiveServicesManagementClient
from azure.mgmt.cognitiveservices.models import Deployment, DeploymentModel, DeploymentProperties, Sku
from openai import AzureOpenAI


class NoLogin(SansIOHTTPPolicy):
    """The emulator takes any bearer token; over plain http the SDK would refuse to send a real one."""

    def on_request(self, request):
        request.http_request.headers["Authorization"] = "Bearer emulator"


place = json.loads(Path(sys.argv[1]).read_text().splitlines()[0])
model, question = sys.argv[2], sys.argv[3]

arm = CognitiveServicesManagementClient(
    credential=None,
    subscription_id=place["subscription"],
    base_url=place["url"],
    authentication_policy=NoLogin(),
)
deployed = arm.deployments.begin_create_or_update(
    place["resource_group"],
    place["account"],
    "by-hand",
    Deployment(
        sku=Sku(name="Standard", capacity=1),
        properties=DeploymentProperties(model=DeploymentModel(format="OpenAI", name=model, version="1")),
    ),
).result()
print("deployed", deployed.name, deployed.properties.provisioning_state)

openai = AzureOpenAI(azure_endpoint=place["endpoint"], api_key=place["api_key"], api_version="2025-04-01-preview")
answer = openai.chat.completions.create(model="by-hand", messages=[{"role": "user", "content": question}])
print("answered by", answer.model)
