"""Lists what an account holds, with nothing but the `openai` and `azure-mgmt-cognitiveservices` packages.

    python look.py emulator.json

The file holds the first line that `ftops emulator serve -o json` prints.
"""

import json
import os
import sys
from pathlib import Path

from azure.core.credentials import AzureKeyCredential
from azure.core.pipeline.policies import AzureKeyCredentialPolicy
from azure.identity import ManagedIdentityCredential
from azure.mgmt.cognitiveservices import CognitiveServicesManagementClient
from openai import AzureOpenAI

place = json.loads(Path(sys.argv[1]).read_text().splitlines()[0])

openai = AzureOpenAI(azure_endpoint=place["endpoint"], api_key=place["api_key"], api_version="2025-04-01-preview")
for file in openai.files.list().data:  # dated versions have one page, and no field that says so
    print("file      ", file.filename, file.status)
for job in openai.fine_tuning.jobs.list():
    print("job       ", job.model, job.status)

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
for deployment in arm.deployments.list(place["resource_group"], place["account"]):
    print("deployment", deployment.name, deployment.sku.name, deployment.sku.capacity)
