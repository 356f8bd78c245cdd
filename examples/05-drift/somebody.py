"""Somebody with access who has never heard of ftops: scales one deployment, deletes the other.

python somebody.py emulator.json
"""

import json
import os
import sys
from pathlib import Path

from azure.core.credentials import AzureKeyCredential
from azure.core.pipeline.policies import AzureKeyCredentialPolicy
from azure.identity import ManagedIdentityCredential
from azure.mgmt.cognitiveservices import CognitiveServicesManagementClient

place = json.loads(Path(sys.argv[1]).read_text().splitlines()[0])
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
scaled, deleted = sys.argv[2:]
where = (place["resource_group"], place["account"])

deployment = arm.deployments.get(*where, scaled)
deployment.sku.capacity = 5
arm.deployments.begin_create_or_update(*where, scaled, deployment).result()
print(scaled, "scaled to 5")

arm.deployments.begin_delete(*where, deleted).result()
print(deleted, "deleted")
