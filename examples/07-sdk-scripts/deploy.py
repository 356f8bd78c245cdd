"""Deploys a fine-tuned model and asks it something, as one would against Azure.

python deploy.py emulator.json MODEL "Which grind for a moka pot?"
"""

import json
import os
import sys
from pathlib import Path

from azure.core.credentials import AzureKeyCredential
from azure.core.pipeline.policies import AzureKeyCredentialPolicy
from azure.identity import ManagedIdentityCredential
from azure.mgmt.cognitiveservices import CognitiveServicesManagementClient
from azure.mgmt.cognitiveservices.models import Deployment, DeploymentModel, DeploymentProperties, Sku
from openai import AzureOpenAI

place = json.loads(Path(sys.argv[1]).read_text().splitlines()[0])
model, question = sys.argv[2], sys.argv[3]

# On Azure: DefaultAzureCredential() and no more. The emulator has a managed identity, and the SDK would not send its
# token over plain http by itself.
os.environ.update(IDENTITY_ENDPOINT=place["url"] + "/msi/token", IDENTITY_HEADER="emulator")
login = ManagedIdentityCredential()
token = AzureKeyCredential(login.get_token("https://management.azure.com/.default").token)
arm = CognitiveServicesManagementClient(
    credential=login,
    subscription_id=place["subscription"],
    base_url=place["url"],
    authentication_policy=AzureKeyCredentialPolicy(token, "Authorization", prefix="Bearer"),
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
