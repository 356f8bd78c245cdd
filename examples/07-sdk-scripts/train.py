"""Uploads a file, trains on it and waits, with the `openai` package alone. Prints the model's name.

python train.py emulator.json data/coffee.jsonl
"""

import json
import sys
import time
from pathlib import Path

from openai import OpenAI

place = json.loads(Path(sys.argv[1]).read_text().splitlines()[0])
openai = OpenAI(base_url=place["endpoint"].rstrip("/") + "/openai/v1/", api_key=place["api_key"])

with Path(sys.argv[2]).open("rb") as rows:
    file = openai.files.create(file=rows, purpose="fine-tune")
while file.status not in ("processed", "error"):
    time.sleep(0.2)
    file = openai.files.retrieve(file.id)
print("uploaded", file.filename, file.status)

job = openai.fine_tuning.jobs.create(model="gpt-4o-mini-2024-07-18", training_file=file.id, suffix="by-hand")
while job.status not in ("succeeded", "failed", "cancelled"):
    time.sleep(0.2)
    job = openai.fine_tuning.jobs.retrieve(job.id)
print("trained", job.status)
print(job.fine_tuned_model)
