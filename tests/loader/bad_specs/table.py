# ruff: noqa: E501
"""Bad specs: each text of specs/bad.yaml with every error it must give, as `line:column code`.

A path in front means another file than specs/bad.yaml. The project around them is that of `building.build`.
"""

from __future__ import annotations

from typing import NamedTuple


class BadSpec(NamedTuple):
    name: str
    text: str
    expected: tuple[str, ...]


DATASET = "datasets: {t: {file: ../data/t.jsonl}}\n"
EXISTING = "finetunes: {a: {existing: {job: ftjob-12345678}}}\n"

BAD_SPECS: tuple[BadSpec, ...] = (
    BadSpec("a tab as indentation", "datasets:\n\tt: {file: x}\n", ("2:1 yaml.tab",)),
    BadSpec("a tab after spaces", "datasets:\n  t:\n  \tfile: x\n", ("3:3 yaml.tab",)),
    BadSpec("an open bracket", "datasets: {t: {file: x}\n", ("1:11 yaml.syntax",)),
    BadSpec("an open list", "datasets:\n  t: {ignore: [a, b}\n", ("2:15 yaml.syntax",)),
    BadSpec("an open single quote", "datasets:\n  t: {file: 'x}\n", ("2:13 yaml.syntax",)),
    BadSpec("an open double quote", 'datasets:\n  t: {file: "x}\n', ("2:13 yaml.syntax",)),
    BadSpec("an unknown escape", 'datasets: {t: {file: "\\q"}}\n', ("1:23 yaml.syntax",)),
    BadSpec("half an escape", 'datasets: {t: {file: "\\x4"}}\n', ("1:25 yaml.syntax",)),
    BadSpec("a colon inside a plain text", "datasets:\n  t: {file: x}\n  u: a: b\n", ("3:7 yaml.syntax",)),
    BadSpec("two colons on a line", "datasets: t: x\n", ("1:12 yaml.syntax",)),
    BadSpec("a line without a colon", "datasets:\n  t\n  u: {file: x}\n", ("3:4 yaml.syntax",)),
    BadSpec("keys that do not align", "datasets:\n    t: {file: x}\n  u: {file: y}\n", ("3:3 yaml.syntax",)),
    BadSpec("a list among keys", "datasets:\n  t: {file: x}\n  - u\n", ("3:3 yaml.syntax",)),
    BadSpec(
        "list items that do not align", "datasets:\n  t:\n    ignore:\n      - a\n     - b\n", ("5:6 yaml.syntax",)
    ),
    BadSpec("a value that starts with at", "datasets: {t: {file: @x}}\n", ("1:22 yaml.syntax",)),
    BadSpec("a value that starts with a backtick", "datasets: {t: {file: `x`}}\n", ("1:22 yaml.syntax",)),
    BadSpec("a value that starts with percent", "datasets:\n  t:\n    file: %x\n", ("3:11 yaml.syntax",)),
    BadSpec("a closing brace alone", "datasets: }\n", ("1:11 yaml.syntax",)),
    BadSpec("an anchor on a mapping", "datasets:\n  t: &base {file: ../data/t.jsonl}\n", ("2:6 yaml.anchor",)),
    BadSpec("an anchor on a scalar", "datasets: {t: {file: &f ../data/t.jsonl}}\n", ("1:22 yaml.anchor",)),
    BadSpec("an alias", "datasets: {t: {file: *f}}\n", ("1:22 yaml.anchor",)),
    BadSpec("an anchor on a key", "datasets: {&k t: {file: x}}\n", ("1:12 yaml.anchor",)),
    BadSpec("a merge key", "datasets:\n  t:\n    <<: {file: x}\n", ("3:5 yaml.anchor",)),
    BadSpec("a merge key in a flow mapping", "datasets: {t: {<<: {file: x}}}\n", ("1:16 yaml.anchor",)),
    BadSpec("an alias bomb", "a: &a [x,x]\nb: &b [*a,*a]\nc: &c [*b,*b]\n", ("1:4 yaml.anchor",)),
    BadSpec("a standard tag", "datasets: {t: {file: !!str x}}\n", ("1:22 yaml.tag",)),
    BadSpec("a local tag", "datasets: !mine {}\n", ("1:11 yaml.tag",)),
    BadSpec("a python tag", "datasets: !!python/object/apply:os.system [ls]\n", ("1:11 yaml.tag",)),
    BadSpec("a verbatim tag", "datasets: {t: {file: !<tag:yaml.org,2002:str> x}}\n", ("1:22 yaml.tag",)),
    BadSpec("a tag on a list", "datasets: {t: {ignore: !!set [a]}}\n", ("1:24 yaml.tag",)),
    BadSpec("a tag on a key", "datasets: {!!str t: {file: x}}\n", ("1:12 yaml.tag",)),
    BadSpec("a non-specific tag", "datasets: {t: {file: ! x}}\n", ("1:22 yaml.tag",)),
    BadSpec("a version directive", "%YAML 1.2\n---\ndatasets: {}\n", ("1:1 yaml.tag",)),
    BadSpec("a tag directive", "%TAG ! tag:example.org,2000:\n---\ndatasets: {}\n", ("1:1 yaml.tag",)),
    BadSpec("two documents", "---\ndatasets: {}\n---\nfinetunes: {}\n", ("3:1 yaml.several-documents",)),
    BadSpec("a document after an end mark", "datasets: {}\n...\nfinetunes: {}\n", ("3:1 yaml.several-documents",)),
    BadSpec(
        "a key twice in an entry",
        "datasets:\n  t:\n    file: ../data/t.jsonl\n    file: ../data/v.jsonl\n",
        ("4:5 yaml.duplicate-key",),
    ),
    BadSpec(
        "an entry twice in a section",
        "datasets:\n  t: {file: ../data/t.jsonl}\n  t: {file: ../data/v.jsonl}\n",
        ("3:3 yaml.duplicate-key",),
    ),
    BadSpec("a section twice", "datasets: {}\ndatasets: {}\n", ("2:1 yaml.duplicate-key",)),
    BadSpec(
        "a key twice in quotes",
        "datasets: {t: {file: ../data/t.jsonl, 'file': ../data/t.jsonl}}\n",
        ("1:39 yaml.duplicate-key",),
    ),
    BadSpec("a number as a key", "datasets: {1: {file: ../data/t.jsonl}}\n", ("1:12 yaml.key-not-text",)),
    BadSpec("a float as a key", "datasets: {1.5: {file: ../data/t.jsonl}}\n", ("1:12 yaml.key-not-text",)),
    BadSpec("a boolean as a key", "datasets: {true: {file: ../data/t.jsonl}}\n", ("1:12 yaml.key-not-text",)),
    BadSpec(
        "null as a key",
        "datasets: {~: {file: ../data/t.jsonl}}\n",
        (
            "1:12 spec.bad-name",
            "1:12 yaml.key-not-text",
        ),
    ),
    BadSpec("a list as a key", "datasets: {[a]: {file: x}}\n", ("1:12 yaml.key-not-text",)),
    BadSpec("a mapping as a key", "? {a: b}\n: c\n", ("1:3 yaml.key-not-text",)),
    BadSpec(
        "a number beyond 64 bits", "finetunes: {a: {seed: 9223372036854775808}}\n", ("1:23 yaml.number-too-large",)
    ),
    BadSpec("a number of many digits", "finetunes: {a: {seed: " + "9" * 60 + "}}\n", ("1:23 yaml.number-too-large",)),
    BadSpec(
        "an infinite number",
        "finetunes: {a: {hyperparameters: {learning_rate_multiplier: 1e999}}}\n",
        ("1:61 yaml.number-too-large",),
    ),
    BadSpec("an escaped NUL", 'datasets: {t: {file: "a\\0b"}}\n', ("1:22 yaml.control-character",)),
    BadSpec("an escaped line separator", 'datasets: {t: {description: "a\\Lb"}}\n', ("1:29 yaml.control-character",)),
    BadSpec("an escaped next line", 'datasets: {t: {description: "a\\Nb"}}\n', ("1:29 yaml.control-character",)),
    BadSpec(
        "an escaped escape character", 'datasets: {t: {description: "\\e[31m"}}\n', ("1:29 yaml.control-character",)
    ),
    BadSpec(
        "an escaped control character in a key", 'datasets: {"t\\x07": {file: x}}\n', ("1:12 yaml.control-character",)
    ),
    BadSpec(
        "an escaped byte order mark", 'datasets: {t: {description: "\\uFEFF"}}\n', ("1:29 yaml.control-character",)
    ),
    BadSpec("a raw escape character", "datasets: {t: {description: '\x1b[31m'}}\n", ("1:30 yaml.control-character",)),
    BadSpec("a raw line separator", "datasets: {t: {description: '\u2028'}}\n", ("1:30 yaml.control-character",)),
    BadSpec("a raw next line", "datasets: {t: {description: a\x85b}}\n", ("1:30 yaml.control-character",)),
    BadSpec("a raw delete character", "# \x7f\ndatasets: {}\n", ("1:3 yaml.control-character",)),
    BadSpec("a byte order mark inside", "datasets: {t: {description: '\ufeff'}}\n", ("1:30 yaml.control-character",)),
    BadSpec("a form feed", "datasets:\n\x0c  t: {file: x}\n", ("2:1 yaml.control-character",)),
    BadSpec("a list as a document", "- datasets\n", ("1:1 spec.type",)),
    BadSpec("a text as a document", "datasets\n", ("1:1 spec.type",)),
    BadSpec("a number as a document", "42\n", ("1:1 spec.type",)),
    BadSpec("an unknown section", "datasets: {}\nmodels: {}\n", ("2:1 spec.unknown-key",)),
    BadSpec("a misspelt section", "deploments: {}\n", ("1:1 spec.unknown-key",)),
    BadSpec("a section of ftops.yaml", "accounts: {}\n", ("1:1 spec.unknown-key",)),
    BadSpec("a kind in the singular", "dataset: {}\n", ("1:1 spec.unknown-key",)),
    BadSpec("a list as a section", "datasets: [t]\n", ("1:11 spec.type",)),
    BadSpec("a text as a section", "finetunes: none\n", ("1:12 spec.type",)),
    BadSpec("a number as an entry", "datasets: {t: 3}\n", ("1:15 spec.type",)),
    BadSpec("a list as an entry", "finetunes: {a: [x]}\n", ("1:16 spec.type",)),
    BadSpec("a text as an entry", "deployments: {bot: a}\n", ("1:20 spec.type",)),
    BadSpec("an empty entry", "datasets:\n  t:\n", ("2:3 spec.empty-value",)),
    BadSpec("a name with a slash", "datasets: {a/b: {file: ../data/t.jsonl}}\n", ("1:12 spec.bad-name",)),
    BadSpec("a name with a space", "datasets: {a b: {file: ../data/t.jsonl}}\n", ("1:12 spec.bad-name",)),
    BadSpec("an empty name", "datasets: {'': {file: ../data/t.jsonl}}\n", ("1:12 spec.bad-name",)),
    BadSpec("a name that starts with a dash", "datasets: {-a: {file: ../data/t.jsonl}}\n", ("1:12 spec.bad-name",)),
    BadSpec("a name that starts with a dot", "datasets: {.a: {file: ../data/t.jsonl}}\n", ("1:12 spec.bad-name",)),
    BadSpec(
        "a name of 65 characters", "datasets: {" + "x" * 65 + ": {file: ../data/t.jsonl}}\n", ("1:12 spec.bad-name",)
    ),
    BadSpec(
        "a name with a letter beyond ASCII", "datasets: {caf\xe9: {file: ../data/t.jsonl}}\n", ("1:12 spec.bad-name",)
    ),
    BadSpec(
        "names that differ in case",
        "datasets:\n  t: {file: ../data/t.jsonl}\n  T: {file: ../data/v.jsonl}\n",
        ("3:3 spec.case-twin",),
    ),
    BadSpec("a dataset without anything", "datasets: {t: {}}\n", ("1:15 spec.missing-key",)),
    BadSpec("a dataset with a misspelt key", "datasets: {t: {fil: ../data/t.jsonl}}\n", ("1:16 spec.unknown-key",)),
    BadSpec(
        "a dataset with a key of nobody",
        "datasets: {t: {file: ../data/t.jsonl, purpose: fine-tune}}\n",
        ("1:39 spec.unknown-key",),
    ),
    BadSpec(
        "a dataset with two sources",
        "datasets: {t: {file: ../data/t.jsonl, url: 'x:y', sha256: " + "0" * 64 + "}}\n",
        (
            "1:39 spec.conflict",
            "1:39 spec.not-yet-supported",
            "1:51 spec.not-yet-supported",
        ),
    ),
    BadSpec(
        "a dataset by URL",
        "datasets: {t: {url: 'mlstore:x.jsonl', sha256: " + "0" * 64 + "}}\n",
        (
            "1:16 spec.not-yet-supported",
            "1:40 spec.not-yet-supported",
        ),
    ),
    BadSpec("a hash that is none", "datasets: {t: {file: ../data/t.jsonl, sha256: abc}}\n", ("1:47 spec.value",)),
    BadSpec(
        "waived data rules", "datasets: {t: {file: ../data/t.jsonl, ignore: [x]}}\n", ("1:39 spec.not-yet-supported",)
    ),
    BadSpec("a number as a file", "datasets: {t: {file: 3}}\n", ("1:22 spec.type",)),
    BadSpec("an empty file name", "datasets: {t: {file: ''}}\n", ("1:22 spec.value",)),
    BadSpec("no file name", "datasets: {t: {file: }}\n", ("1:16 spec.empty-value",)),
    BadSpec("a list of files", "datasets: {t: {file: [../data/t.jsonl]}}\n", ("1:22 spec.type",)),
    BadSpec("an unknown format", "datasets: {t: {file: ../data/t.jsonl, format: chats}}\n", ("1:47 spec.value",)),
    BadSpec(
        "another format than the rows have",
        "datasets: {few: {file: ../data/few.jsonl, format: completion}}\n",
        (
            "data/few.jsonl:1:1 dataset.wrong-format",
            "data/few.jsonl:2:1 dataset.wrong-format",
            "data/few.jsonl:3:1 dataset.wrong-format",
        ),
    ),
    BadSpec("an unknown keep", "datasets: {t: {file: ../data/t.jsonl, keep: forever}}\n", ("1:45 spec.value",)),
    BadSpec("protect as yes", "datasets: {t: {file: ../data/t.jsonl, protect: yes}}\n", ("1:48 spec.type",)),
    BadSpec("protect as no", "datasets: {t: {file: ../data/t.jsonl, protect: no}}\n", ("1:48 spec.type",)),
    BadSpec(
        "protect as a quoted true", "datasets: {t: {file: ../data/t.jsonl, protect: 'true'}}\n", ("1:48 spec.type",)
    ),
    BadSpec("protect as a number", "datasets: {t: {file: ../data/t.jsonl, protect: 1}}\n", ("1:48 spec.type",)),
    BadSpec("labels as a list", "datasets: {t: {file: ../data/t.jsonl, labels: [a]}}\n", ("1:47 spec.type",)),
    BadSpec("a number as a label", "datasets: {t: {file: ../data/t.jsonl, labels: {team: 3}}}\n", ("1:54 spec.type",)),
    BadSpec("an empty label", "datasets: {t: {file: ../data/t.jsonl, labels: {team: }}}\n", ("1:48 spec.empty-value",)),
    BadSpec(
        "a number as a description", "datasets: {t: {file: ../data/t.jsonl, description: 3}}\n", ("1:52 spec.type",)
    ),
    BadSpec(
        "ignored changes of a dataset",
        "datasets: {t: {file: ../data/t.jsonl, ignore_changes: [keep]}}\n",
        ("1:56 spec.unknown-field",),
    ),
    BadSpec(
        "ignored changes as a text",
        "datasets: {t: {file: ../data/t.jsonl, ignore_changes: keep}}\n",
        ("1:55 spec.type",),
    ),
    BadSpec("a file that is not there", "datasets: {t: {file: ../data/nowhere.jsonl}}\n", ("1:22 dataset.missing",)),
    BadSpec("a folder as a file", "datasets: {t: {file: ../data}}\n", ("1:22 dataset.not-a-file",)),
    BadSpec("a file outside by dots", "datasets: {t: {file: ../../secret.jsonl}}\n", ("1:22 dataset.outside-project",)),
    BadSpec(
        "a file outside by many dots",
        "datasets: {t: {file: ../../../../../../../../etc/passwd}}\n",
        ("1:22 dataset.outside-project",),
    ),
    BadSpec("an absolute path", "datasets: {t: {file: /etc/passwd}}\n", ("1:22 dataset.outside-project",)),
    BadSpec("a home path", "datasets: {t: {file: ~/data.jsonl}}\n", ("1:22 dataset.outside-project",)),
    BadSpec("a path with a NUL in the name", 'datasets: {t: {file: "a\\x00b"}}\n', ("1:22 yaml.control-character",)),
    BadSpec("a component that is a file", "datasets: {t: {file: ../data/t.jsonl/x}}\n", ("1:22 dataset.unreadable",)),
    BadSpec("a very long path", "datasets: {t: {file: " + "x" * 5000 + "}}\n", ("1:22 dataset.unreadable",)),
    BadSpec(
        "a finetune without anything",
        DATASET + "finetunes: {a: {}}\n",
        (
            "2:16 spec.missing-key",
            "2:16 spec.missing-key",
        ),
    ),
    BadSpec("a finetune without a source", DATASET + "finetunes: {a: {training: t}}\n", ("2:16 spec.missing-key",)),
    BadSpec(
        "a finetune without training",
        DATASET + "finetunes: {a: {model: gpt-4.1-2025-04-14}}\n",
        ("2:16 spec.missing-key",),
    ),
    BadSpec(
        "a finetune with two sources",
        DATASET
        + "finetunes: {a: {model: gpt-4.1-2025-04-14, training: t}, b: {model: gpt-4o-2024-08-06, continues: a, training: t}}\n",
        ("2:88 spec.conflict",),
    ),
    BadSpec(
        "a finetune with three sources",
        "finetunes: {a: {model: gpt-4o-2024-08-06, continues: a, existing: {job: ftjob-12345678}}}\n",
        (
            "1:43 spec.conflict",
            "1:54 spec.cycle",
            "1:57 spec.conflict",
        ),
    ),
    BadSpec(
        "the alias gpt-4o-mini",
        DATASET + "finetunes: {a: {model: gpt-4o-mini, training: t}}\n",
        ("2:24 spec.undated-model",),
    ),
    BadSpec(
        "the alias gpt-4o", DATASET + "finetunes: {a: {model: gpt-4o, training: t}}\n", ("2:24 spec.undated-model",)
    ),
    BadSpec(
        "the alias gpt-4.1", DATASET + "finetunes: {a: {model: gpt-4.1, training: t}}\n", ("2:24 spec.undated-model",)
    ),
    BadSpec(
        "the alias gpt-4.1-mini",
        DATASET + "finetunes: {a: {model: gpt-4.1-mini, training: t}}\n",
        ("2:24 spec.undated-model",),
    ),
    BadSpec(
        "the alias gpt-4.1-nano",
        DATASET + "finetunes: {a: {model: gpt-4.1-nano, training: t}}\n",
        ("2:24 spec.undated-model",),
    ),
    BadSpec(
        "the alias o4-mini", DATASET + "finetunes: {a: {model: o4-mini, training: t}}\n", ("2:24 spec.undated-model",)
    ),
    BadSpec(
        "the alias gpt-35-turbo",
        DATASET + "finetunes: {a: {model: gpt-35-turbo, training: t}}\n",
        ("2:24 spec.undated-model",),
    ),
    BadSpec(
        "the alias GPT-4o-Mini",
        DATASET + "finetunes: {a: {model: GPT-4o-Mini, training: t}}\n",
        ("2:24 spec.undated-model",),
    ),
    BadSpec("the alias gpt-5", DATASET + "finetunes: {a: {model: gpt-5, training: t}}\n", ("2:24 spec.undated-model",)),
    BadSpec(
        "a fine-tuned model as base",
        DATASET + "finetunes: {a: {model: gpt-4.1-2025-04-14.ft-0123456789abcdef0123456789abcdef, training: t}}\n",
        ("2:24 spec.value",),
    ),
    BadSpec(
        "a model of OpenAI's form",
        DATASET + "finetunes: {a: {model: 'ft:gpt-4o:org::x', training: t}}\n",
        ("2:24 spec.value",),
    ),
    BadSpec("a model with a space", DATASET + "finetunes: {a: {model: gpt 4, training: t}}\n", ("2:24 spec.value",)),
    BadSpec("a number as a model", DATASET + "finetunes: {a: {model: 4, training: t}}\n", ("2:24 spec.type",)),
    BadSpec("a mapping as a model", DATASET + "finetunes: {a: {model: {name: x}, training: t}}\n", ("2:24 spec.type",)),
    BadSpec(
        "the misspelt key trainning",
        DATASET + "finetunes: {a: {model: gpt-4.1-2025-04-14, training: t, trainning: 1}}\n",
        ("2:57 spec.unknown-key",),
    ),
    BadSpec(
        "the misspelt key validaton",
        DATASET + "finetunes: {a: {model: gpt-4.1-2025-04-14, training: t, validaton: 1}}\n",
        ("2:57 spec.unknown-key",),
    ),
    BadSpec(
        "the misspelt key sufix",
        DATASET + "finetunes: {a: {model: gpt-4.1-2025-04-14, training: t, sufix: 1}}\n",
        ("2:57 spec.unknown-key",),
    ),
    BadSpec(
        "the misspelt key hyperparameter",
        DATASET + "finetunes: {a: {model: gpt-4.1-2025-04-14, training: t, hyperparameter: 1}}\n",
        ("2:57 spec.unknown-key",),
    ),
    BadSpec(
        "the misspelt key sead",
        DATASET + "finetunes: {a: {model: gpt-4.1-2025-04-14, training: t, sead: 1}}\n",
        ("2:57 spec.unknown-key",),
    ),
    BadSpec(
        "the misspelt key reruns",
        DATASET + "finetunes: {a: {model: gpt-4.1-2025-04-14, training: t, reruns: 1}}\n",
        ("2:57 spec.unknown-key",),
    ),
    BadSpec(
        "the misspelt key acount",
        DATASET + "finetunes: {a: {model: gpt-4.1-2025-04-14, training: t, acount: 1}}\n",
        ("2:57 spec.unknown-key",),
    ),
    BadSpec(
        "the misspelt key checkpoints",
        DATASET + "finetunes: {a: {model: gpt-4.1-2025-04-14, training: t, checkpoints: 1}}\n",
        ("2:57 spec.unknown-key",),
    ),
    BadSpec(
        "the misspelt key training_file",
        DATASET + "finetunes: {a: {model: gpt-4.1-2025-04-14, training: t, training_file: 1}}\n",
        ("2:57 spec.unknown-key",),
    ),
    BadSpec(
        "n_epochs outside of hyperparameters",
        DATASET + "finetunes: {a: {model: gpt-4.1-2025-04-14, training: t, n_epochs: 1}}\n",
        ("2:57 spec.unknown-key",),
    ),
    BadSpec(
        "batch_size outside of hyperparameters",
        DATASET + "finetunes: {a: {model: gpt-4.1-2025-04-14, training: t, batch_size: 1}}\n",
        ("2:57 spec.unknown-key",),
    ),
    BadSpec(
        "learning_rate_multiplier outside of hyperparameters",
        DATASET + "finetunes: {a: {model: gpt-4.1-2025-04-14, training: t, learning_rate_multiplier: 1}}\n",
        ("2:57 spec.unknown-key",),
    ),
    BadSpec(
        "n_epochs as 0",
        DATASET + "finetunes: {a: {model: gpt-4.1-2025-04-14, training: t, hyperparameters: {n_epochs: 0}}}\n",
        ("2:85 spec.value",),
    ),
    BadSpec(
        "n_epochs as -1",
        DATASET + "finetunes: {a: {model: gpt-4.1-2025-04-14, training: t, hyperparameters: {n_epochs: -1}}}\n",
        ("2:85 spec.value",),
    ),
    BadSpec(
        "n_epochs as 1.5",
        DATASET + "finetunes: {a: {model: gpt-4.1-2025-04-14, training: t, hyperparameters: {n_epochs: 1.5}}}\n",
        ("2:85 spec.type",),
    ),
    BadSpec(
        "n_epochs as '3'",
        DATASET + "finetunes: {a: {model: gpt-4.1-2025-04-14, training: t, hyperparameters: {n_epochs: '3'}}}\n",
        ("2:85 spec.value",),
    ),
    BadSpec(
        "n_epochs as three",
        DATASET + "finetunes: {a: {model: gpt-4.1-2025-04-14, training: t, hyperparameters: {n_epochs: three}}}\n",
        ("2:85 spec.value",),
    ),
    BadSpec(
        "n_epochs as 014",
        DATASET + "finetunes: {a: {model: gpt-4.1-2025-04-14, training: t, hyperparameters: {n_epochs: 014}}}\n",
        ("2:85 spec.value",),
    ),
    BadSpec(
        "n_epochs as 1_000",
        DATASET + "finetunes: {a: {model: gpt-4.1-2025-04-14, training: t, hyperparameters: {n_epochs: 1_000}}}\n",
        ("2:85 spec.value",),
    ),
    BadSpec(
        "n_epochs as 0x10",
        DATASET + "finetunes: {a: {model: gpt-4.1-2025-04-14, training: t, hyperparameters: {n_epochs: 0x10}}}\n",
        ("2:85 spec.value",),
    ),
    BadSpec(
        "n_epochs as true",
        DATASET + "finetunes: {a: {model: gpt-4.1-2025-04-14, training: t, hyperparameters: {n_epochs: true}}}\n",
        ("2:85 spec.type",),
    ),
    BadSpec(
        "n_epochs as [1]",
        DATASET + "finetunes: {a: {model: gpt-4.1-2025-04-14, training: t, hyperparameters: {n_epochs: [1]}}}\n",
        ("2:85 spec.type",),
    ),
    BadSpec(
        "n_epochs as 2147483648",
        DATASET + "finetunes: {a: {model: gpt-4.1-2025-04-14, training: t, hyperparameters: {n_epochs: 2147483648}}}\n",
        ("2:85 spec.value",),
    ),
    BadSpec(
        "n_epochs as 1e3",
        DATASET + "finetunes: {a: {model: gpt-4.1-2025-04-14, training: t, hyperparameters: {n_epochs: 1e3}}}\n",
        ("2:85 spec.type",),
    ),
    BadSpec(
        "learning_rate_multiplier as 0",
        DATASET
        + "finetunes: {a: {model: gpt-4.1-2025-04-14, training: t, hyperparameters: {learning_rate_multiplier: 0}}}\n",
        ("2:101 spec.value",),
    ),
    BadSpec(
        "learning_rate_multiplier as -0.1",
        DATASET
        + "finetunes: {a: {model: gpt-4.1-2025-04-14, training: t, hyperparameters: {learning_rate_multiplier: -0.1}}}\n",
        ("2:101 spec.value",),
    ),
    BadSpec(
        "learning_rate_multiplier as '0.1'",
        DATASET
        + "finetunes: {a: {model: gpt-4.1-2025-04-14, training: t, hyperparameters: {learning_rate_multiplier: '0.1'}}}\n",
        ("2:101 spec.value",),
    ),
    BadSpec(
        "learning_rate_multiplier as fast",
        DATASET
        + "finetunes: {a: {model: gpt-4.1-2025-04-14, training: t, hyperparameters: {learning_rate_multiplier: fast}}}\n",
        ("2:101 spec.value",),
    ),
    BadSpec(
        "learning_rate_multiplier as .inf",
        DATASET
        + "finetunes: {a: {model: gpt-4.1-2025-04-14, training: t, hyperparameters: {learning_rate_multiplier: .inf}}}\n",
        ("2:101 spec.value",),
    ),
    BadSpec(
        "learning_rate_multiplier as .nan",
        DATASET
        + "finetunes: {a: {model: gpt-4.1-2025-04-14, training: t, hyperparameters: {learning_rate_multiplier: .nan}}}\n",
        ("2:101 spec.value",),
    ),
    BadSpec(
        "learning_rate_multiplier as true",
        DATASET
        + "finetunes: {a: {model: gpt-4.1-2025-04-14, training: t, hyperparameters: {learning_rate_multiplier: true}}}\n",
        ("2:101 spec.type",),
    ),
    BadSpec(
        "batch_size as zero",
        DATASET + "finetunes: {a: {model: gpt-4.1-2025-04-14, training: t, hyperparameters: {batch_size: 0}}}\n",
        ("2:87 spec.value",),
    ),
    BadSpec(
        "an unknown hyperparameter",
        DATASET + "finetunes: {a: {model: gpt-4.1-2025-04-14, training: t, hyperparameters: {epochs: 3}}}\n",
        ("2:75 spec.unknown-key",),
    ),
    BadSpec(
        "hyperparameters as a list",
        DATASET + "finetunes: {a: {model: gpt-4.1-2025-04-14, training: t, hyperparameters: [3]}}\n",
        ("2:74 spec.type",),
    ),
    BadSpec(
        "the hyperparameter beta",
        DATASET + "finetunes: {a: {model: gpt-4.1-2025-04-14, training: t, hyperparameters: {beta: 0.1}}}\n",
        ("2:75 spec.not-yet-supported",),
    ),
    BadSpec(
        "the hyperparameter l2_multiplier",
        DATASET + "finetunes: {a: {model: gpt-4.1-2025-04-14, training: t, hyperparameters: {l2_multiplier: 0.1}}}\n",
        ("2:75 spec.not-yet-supported",),
    ),
    BadSpec(
        "the hyperparameter reasoning_effort",
        DATASET
        + "finetunes: {a: {model: gpt-4.1-2025-04-14, training: t, hyperparameters: {reasoning_effort: low}}}\n",
        ("2:75 spec.not-yet-supported",),
    ),
    BadSpec(
        "the hyperparameter compute_multiplier",
        DATASET
        + "finetunes: {a: {model: gpt-4.1-2025-04-14, training: t, hyperparameters: {compute_multiplier: 1.5}}}\n",
        ("2:75 spec.not-yet-supported",),
    ),
    BadSpec(
        "the hyperparameter eval_interval",
        DATASET + "finetunes: {a: {model: gpt-4.1-2025-04-14, training: t, hyperparameters: {eval_interval: 3}}}\n",
        ("2:75 spec.not-yet-supported",),
    ),
    BadSpec(
        "the hyperparameter eval_samples",
        DATASET + "finetunes: {a: {model: gpt-4.1-2025-04-14, training: t, hyperparameters: {eval_samples: 2}}}\n",
        ("2:75 spec.not-yet-supported",),
    ),
    BadSpec(
        "the key method: dpo",
        DATASET + "finetunes: {a: {model: gpt-4.1-2025-04-14, training: t, method: dpo}}\n",
        ("2:57 spec.not-yet-supported",),
    ),
    BadSpec(
        "the key method: reinforcement",
        DATASET + "finetunes: {a: {model: gpt-4.1-2025-04-14, training: t, method: reinforcement}}\n",
        ("2:57 spec.not-yet-supported",),
    ),
    BadSpec(
        "the key grader: {type: python}",
        DATASET + "finetunes: {a: {model: gpt-4.1-2025-04-14, training: t, grader: {type: python}}}\n",
        ("2:57 spec.not-yet-supported",),
    ),
    BadSpec(
        "the key response_format: {type: json_schema}",
        DATASET + "finetunes: {a: {model: gpt-4.1-2025-04-14, training: t, response_format: {type: json_schema}}}\n",
        ("2:57 spec.not-yet-supported",),
    ),
    BadSpec(
        "the key integrations: [{type: wandb}]",
        DATASET + "finetunes: {a: {model: gpt-4.1-2025-04-14, training: t, integrations: [{type: wandb}]}}\n",
        ("2:57 spec.not-yet-supported",),
    ),
    BadSpec(
        "the key gates: [{valid_loss: 1}]",
        DATASET + "finetunes: {a: {model: gpt-4.1-2025-04-14, training: t, gates: [{valid_loss: 1}]}}\n",
        ("2:57 spec.not-yet-supported",),
    ),
    BadSpec(
        "an unknown method",
        DATASET + "finetunes: {a: {model: gpt-4.1-2025-04-14, training: t, method: sft}}\n",
        ("2:65 spec.value",),
    ),
    BadSpec(
        "the best checkpoint",
        DATASET
        + "finetunes:\n  a: {model: gpt-4.1-2025-04-14, training: t}\n  b: {continues: a, training: t, checkpoint: best}\n",
        ("4:34 spec.not-yet-supported",),
    ),
    BadSpec(
        "a checkpoint by step",
        DATASET
        + "finetunes:\n  a: {model: gpt-4.1-2025-04-14, training: t}\n  b: {continues: a, training: t, checkpoint: 90}\n",
        ("4:34 spec.not-yet-supported",),
    ),
    BadSpec(
        "a checkpoint of a base model",
        DATASET + "finetunes: {a: {model: gpt-4.1-2025-04-14, training: t, checkpoint: best}}\n",
        (
            "2:57 spec.no-effect",
            "2:57 spec.not-yet-supported",
        ),
    ),
    BadSpec(
        "a checkpoint that is none",
        DATASET
        + "finetunes:\n  a: {model: gpt-4.1-2025-04-14, training: t}\n  b: {continues: a, training: t, checkpoint: first}\n",
        ("4:46 spec.value",),
    ),
    BadSpec(
        "the suffix 'a.b'",
        DATASET + "finetunes: {a: {model: gpt-4.1-2025-04-14, training: t, suffix: a.b}}\n",
        ("2:65 spec.value",),
    ),
    BadSpec(
        "the suffix \"'a b'\"",
        DATASET + "finetunes: {a: {model: gpt-4.1-2025-04-14, training: t, suffix: 'a b'}}\n",
        ("2:65 spec.value",),
    ),
    BadSpec(
        "the suffix \"''\"",
        DATASET + "finetunes: {a: {model: gpt-4.1-2025-04-14, training: t, suffix: ''}}\n",
        ("2:65 spec.value",),
    ),
    BadSpec(
        "the suffix 'xxxxxxxxxxxx'",
        DATASET + "finetunes: {a: {model: gpt-4.1-2025-04-14, training: t, suffix: xxxxxxxxxxxxxxxxxxxxxxxxxxxxxx}}\n",
        ("2:65 spec.value",),
    ),
    BadSpec(
        "the suffix '\xfc'",
        DATASET + "finetunes: {a: {model: gpt-4.1-2025-04-14, training: t, suffix: \xfc}}\n",
        ("2:65 spec.value",),
    ),
    BadSpec(
        "the suffix '3'",
        DATASET + "finetunes: {a: {model: gpt-4.1-2025-04-14, training: t, suffix: 3}}\n",
        ("2:65 spec.type",),
    ),
    BadSpec(
        "the suffix '[x]'",
        DATASET + "finetunes: {a: {model: gpt-4.1-2025-04-14, training: t, suffix: [x]}}\n",
        ("2:65 spec.type",),
    ),
    BadSpec(
        "the suffix \"'a\\n'\"",
        DATASET + "finetunes: {a: {model: gpt-4.1-2025-04-14, training: t, suffix: 'a\n'}}\n",
        ("2:65 spec.value",),
    ),
    BadSpec(
        "the seed -1",
        DATASET + "finetunes: {a: {model: gpt-4.1-2025-04-14, training: t, seed: -1}}\n",
        ("2:63 spec.value",),
    ),
    BadSpec(
        "the seed 2147483648",
        DATASET + "finetunes: {a: {model: gpt-4.1-2025-04-14, training: t, seed: 2147483648}}\n",
        ("2:63 spec.value",),
    ),
    BadSpec(
        "the seed 1.0",
        DATASET + "finetunes: {a: {model: gpt-4.1-2025-04-14, training: t, seed: 1.0}}\n",
        ("2:63 spec.type",),
    ),
    BadSpec(
        "the seed x",
        DATASET + "finetunes: {a: {model: gpt-4.1-2025-04-14, training: t, seed: x}}\n",
        ("2:63 spec.type",),
    ),
    BadSpec(
        "the seed true",
        DATASET + "finetunes: {a: {model: gpt-4.1-2025-04-14, training: t, seed: true}}\n",
        ("2:63 spec.type",),
    ),
    BadSpec(
        "rerun as -1",
        DATASET + "finetunes: {a: {model: gpt-4.1-2025-04-14, training: t, rerun: -1}}\n",
        ("2:64 spec.value",),
    ),
    BadSpec(
        "rerun as true",
        DATASET + "finetunes: {a: {model: gpt-4.1-2025-04-14, training: t, rerun: true}}\n",
        ("2:64 spec.type",),
    ),
    BadSpec(
        "rerun as once",
        DATASET + "finetunes: {a: {model: gpt-4.1-2025-04-14, training: t, rerun: once}}\n",
        ("2:64 spec.type",),
    ),
    BadSpec(
        "hold as a text",
        DATASET + "finetunes: {a: {model: gpt-4.1-2025-04-14, training: t, hold: maybe}}\n",
        ("2:63 spec.type",),
    ),
    BadSpec(
        "an unknown training tier",
        DATASET + "finetunes: {a: {model: gpt-4.1-2025-04-14, training: t, training_tier: Developer}}\n",
        ("2:72 spec.value",),
    ),
    BadSpec(
        "a training tier in lower case",
        DATASET + "finetunes: {a: {model: gpt-4.1-2025-04-14, training: t, training_tier: standard}}\n",
        ("2:72 spec.value",),
    ),
    BadSpec(
        "ignored changes of a finetune",
        DATASET + "finetunes: {a: {model: gpt-4.1-2025-04-14, training: t, ignore_changes: [suffix]}}\n",
        ("2:74 spec.unknown-field",),
    ),
    BadSpec(
        "a training dataset that is not declared",
        DATASET + "finetunes: {a: {model: gpt-4.1-2025-04-14, training: tt}}\n",
        ("2:54 spec.dangling-reference",),
    ),
    BadSpec(
        "a validation dataset that is not declared",
        DATASET + "finetunes: {a: {model: gpt-4.1-2025-04-14, training: t, validation: v}}\n",
        ("2:69 spec.dangling-reference",),
    ),
    BadSpec(
        "a dataset named by its address",
        DATASET + "finetunes: {a: {model: gpt-4.1-2025-04-14, training: dataset/t}}\n",
        ("2:54 spec.dangling-reference",),
    ),
    BadSpec(
        "a finetune where a dataset is wanted",
        DATASET
        + "finetunes:\n  a: {model: gpt-4.1-2025-04-14, training: t}\n  b: {model: gpt-4.1-2025-04-14, training: a}\n",
        ("4:44 spec.dangling-reference",),
    ),
    BadSpec(
        "a parent that is not declared",
        DATASET + "finetunes: {a: {continues: b, training: t}}\n",
        ("2:28 spec.dangling-reference",),
    ),
    BadSpec(
        "a parent that is a dataset",
        DATASET + "finetunes: {a: {continues: t, training: t}}\n",
        ("2:28 spec.dangling-reference",),
    ),
    BadSpec(
        "a finetune that continues itself",
        DATASET + "finetunes: {a: {continues: a, training: t}}\n",
        ("2:28 spec.cycle",),
    ),
    BadSpec(
        "a circle of two",
        DATASET + "finetunes:\n  a: {continues: b, training: t}\n  b: {continues: a, training: t}\n",
        ("3:18 spec.cycle",),
    ),
    BadSpec(
        "a circle of three and a tail",
        DATASET
        + "finetunes:\n  tail: {continues: c, training: t}\n  a: {continues: c, training: t}\n  b: {continues: a, training: t}\n  c: {continues: b, training: t}\n",
        ("6:18 spec.cycle",),
    ),
    BadSpec(
        "two circles",
        DATASET + "finetunes:\n  a: {continues: a, training: t}\n  b: {continues: b, training: t}\n",
        (
            "3:18 spec.cycle",
            "4:18 spec.cycle",
        ),
    ),
    BadSpec(
        "an unknown account",
        DATASET + "finetunes: {a: {model: gpt-4.1-2025-04-14, training: t, account: asia}}\n",
        ("2:66 project.unknown-account",),
    ),
    BadSpec(
        "an account in the wrong case",
        DATASET + "finetunes: {a: {model: gpt-4.1-2025-04-14, training: t, account: EU}}\n",
        ("2:66 project.unknown-account",),
    ),
    BadSpec(
        "a parent in another account",
        DATASET
        + "finetunes:\n  a: {model: gpt-4.1-2025-04-14, training: t}\n  b: {continues: a, training: t, account: eu}\n",
        ("4:43 spec.other-account",),
    ),
    BadSpec(
        "the same training twice",
        DATASET
        + "finetunes:\n  a: {model: gpt-4.1-2025-04-14, training: t}\n  b: {model: gpt-4.1-2025-04-14, training: t}\n",
        ("4:3 spec.same-training",),
    ),
    BadSpec(
        "the same training by a spelled-out default",
        DATASET
        + "finetunes:\n  a: {model: gpt-4.1-2025-04-14, training: t}\n  b: {model: GPT-4.1-2025-04-14, training: t, rerun: 0, method: supervised, hyperparameters: {n_epochs: auto}}\n",
        ("4:3 spec.same-training",),
    ),
    BadSpec(
        "the same chain twice",
        DATASET
        + "finetunes:\n  a: {model: gpt-4.1-2025-04-14, training: t}\n  b: {continues: a, training: t}\n  c: {continues: a, training: t}\n",
        ("5:3 spec.same-training",),
    ),
    BadSpec(
        "training with three rows",
        "datasets: {few: {file: ../data/few.jsonl}}\nfinetunes: {a: {model: gpt-4.1-2025-04-14, training: few}}\n",
        ("1:24 dataset.too-few-rows",),
    ),
    BadSpec("existing without an id", "finetunes: {a: {existing: {}}}\n", ("1:27 spec.missing-key",)),
    BadSpec(
        "existing with two ids",
        "finetunes: {a: {existing: {job: ftjob-12345678, model: gpt-4o-2024-08-06.ft-12345678}}}\n",
        ("1:49 spec.conflict",),
    ),
    BadSpec("existing by a text", "finetunes: {a: {existing: ftjob-12345678}}\n", ("1:27 spec.type",)),
    BadSpec(
        "existing with an unknown key",
        "finetunes: {a: {existing: {id: ftjob-12345678}}}\n",
        (
            "1:27 spec.missing-key",
            "1:28 spec.unknown-key",
        ),
    ),
    BadSpec("existing with a file id", "finetunes: {a: {existing: {job: file-12345678}}}\n", ("1:33 spec.value",)),
    BadSpec(
        "existing with a base model", "finetunes: {a: {existing: {model: gpt-4o-2024-08-06}}}\n", ("1:35 spec.value",)
    ),
    BadSpec(
        "existing with training: t",
        DATASET + "finetunes: {a: {existing: {job: ftjob-12345678}, training: t}}\n",
        ("2:50 spec.no-effect",),
    ),
    BadSpec(
        "existing with suffix: x",
        DATASET + "finetunes: {a: {existing: {job: ftjob-12345678}, suffix: x}}\n",
        ("2:50 spec.no-effect",),
    ),
    BadSpec(
        "existing with hyperparameters: {n_epochs: 3}",
        DATASET + "finetunes: {a: {existing: {job: ftjob-12345678}, hyperparameters: {n_epochs: 3}}}\n",
        ("2:50 spec.no-effect",),
    ),
    BadSpec(
        "existing with rerun: 1",
        DATASET + "finetunes: {a: {existing: {job: ftjob-12345678}, rerun: 1}}\n",
        ("2:50 spec.no-effect",),
    ),
    BadSpec(
        "existing with hold: true",
        DATASET + "finetunes: {a: {existing: {job: ftjob-12345678}, hold: true}}\n",
        ("2:50 spec.no-effect",),
    ),
    BadSpec(
        "existing with seed: 1",
        DATASET + "finetunes: {a: {existing: {job: ftjob-12345678}, seed: 1}}\n",
        ("2:50 spec.no-effect",),
    ),
    BadSpec(
        "existing with method: supervised",
        DATASET + "finetunes: {a: {existing: {job: ftjob-12345678}, method: supervised}}\n",
        ("2:50 spec.no-effect",),
    ),
    BadSpec(
        "existing with training_tier: Standard",
        DATASET + "finetunes: {a: {existing: {job: ftjob-12345678}, training_tier: Standard}}\n",
        ("2:50 spec.no-effect",),
    ),
    BadSpec(
        "a deployment without anything",
        EXISTING + "deployments: {bot: {}}\n",
        (
            "2:20 spec.missing-key",
            "2:20 spec.missing-key",
        ),
    ),
    BadSpec("a deployment without a SKU", EXISTING + "deployments: {bot: {finetune: a}}\n", ("2:20 spec.missing-key",)),
    BadSpec("a deployment of nothing", EXISTING + "deployments: {bot: {sku: Standard}}\n", ("2:20 spec.missing-key",)),
    BadSpec(
        "a deployment of two things",
        EXISTING + "deployments: {bot: {finetune: a, model: {name: gpt-4o}, sku: Standard}}\n",
        ("2:34 spec.conflict",),
    ),
    BadSpec(
        "a deployment of a finetune that is not declared",
        EXISTING + "deployments: {bot: {finetune: b, sku: Standard}}\n",
        ("2:31 spec.dangling-reference",),
    ),
    BadSpec(
        "a SKU in lower case", EXISTING + "deployments: {bot: {finetune: a, sku: standard}}\n", ("2:39 spec.value",)
    ),
    BadSpec("a SKU of nobody", EXISTING + "deployments: {bot: {finetune: a, sku: S0}}\n", ("2:39 spec.value",)),
    BadSpec("a number as a SKU", EXISTING + "deployments: {bot: {finetune: a, sku: 0}}\n", ("2:39 spec.type",)),
    BadSpec(
        "capacity zero",
        EXISTING + "deployments: {bot: {finetune: a, sku: Standard, capacity: 0}}\n",
        ("2:59 spec.value",),
    ),
    BadSpec(
        "a negative capacity",
        EXISTING + "deployments: {bot: {finetune: a, sku: Standard, capacity: -5}}\n",
        ("2:59 spec.value",),
    ),
    BadSpec(
        "a quoted capacity",
        EXISTING + "deployments: {bot: {finetune: a, sku: Standard, capacity: '50'}}\n",
        ("2:59 spec.type",),
    ),
    BadSpec(
        "half a capacity",
        EXISTING + "deployments: {bot: {finetune: a, sku: Standard, capacity: 0.5}}\n",
        ("2:59 spec.type",),
    ),
    BadSpec(
        "a boolean as a capacity",
        EXISTING + "deployments: {bot: {finetune: a, sku: Standard, capacity: true}}\n",
        ("2:59 spec.type",),
    ),
    BadSpec(
        "a misspelt capacity",
        EXISTING + "deployments: {bot: {finetune: a, sku: Standard, capasity: 50}}\n",
        ("2:49 spec.unknown-key",),
    ),
    BadSpec(
        "a deployment name with a space",
        EXISTING + "deployments: {bot: {finetune: a, sku: Standard, name: a b}}\n",
        ("2:55 spec.value",),
    ),
    BadSpec(
        "a deployment name of 65 characters",
        EXISTING + "deployments: {bot: {finetune: a, sku: Standard, name: " + "x" * 65 + "}}\n",
        ("2:55 spec.value",),
    ),
    BadSpec(
        "a deployment name with a slash",
        EXISTING + "deployments: {bot: {finetune: a, sku: Standard, name: a/b}}\n",
        ("2:55 spec.value",),
    ),
    BadSpec(
        "an unknown upgrade",
        EXISTING + "deployments: {bot: {finetune: a, sku: Standard, upgrade: never}}\n",
        ("2:58 spec.value",),
    ),
    BadSpec(
        "tags as a list",
        EXISTING + "deployments: {bot: {finetune: a, sku: Standard, tags: [x]}}\n",
        ("2:55 spec.type",),
    ),
    BadSpec(
        "a number as a tag",
        EXISTING + "deployments: {bot: {finetune: a, sku: Standard, tags: {cost: 3}}}\n",
        ("2:62 spec.type",),
    ),
    BadSpec(
        "a tag of ftops",
        EXISTING + "deployments: {bot: {finetune: a, sku: Standard, tags: {ftops-project: x}}}\n",
        ("2:56 spec.value",),
    ),
    BadSpec(
        "a tag of ftops in capitals",
        EXISTING + "deployments: {bot: {finetune: a, sku: Standard, tags: {FTOPS-role: x}}}\n",
        ("2:56 spec.value",),
    ),
    BadSpec(
        "a tag with a slash",
        EXISTING + "deployments: {bot: {finetune: a, sku: Standard, tags: {a/b: x}}}\n",
        ("2:56 spec.value",),
    ),
    BadSpec(
        "a tag value of 257 characters",
        EXISTING + "deployments: {bot: {finetune: a, sku: Standard, tags: {a: " + "x" * 257 + "}}}\n",
        ("2:59 spec.value",),
    ),
    BadSpec(
        "forty-five tags",
        EXISTING
        + "deployments:\n  bot:\n    finetune: a\n    sku: Standard\n    tags: {t0: x, t1: x, t2: x, t3: x, t4: x, t5: x, t6: x, t7: x, t8: x, t9: x, t10: x, t11: x, t12: x, t13: x, t14: x, t15: x, t16: x, t17: x, t18: x, t19: x, t20: x, t21: x, t22: x, t23: x, t24: x, t25: x, t26: x, t27: x, t28: x, t29: x, t30: x, t31: x, t32: x, t33: x, t34: x, t35: x, t36: x, t37: x, t38: x, t39: x, t40: x, t41: x, t42: x, t43: x, t44: x}\n",
        ("6:5 spec.value",),
    ),
    BadSpec(
        "rollout blue_green",
        EXISTING + "deployments: {bot: {finetune: a, sku: Standard, rollout: blue_green}}\n",
        ("2:49 spec.not-yet-supported",),
    ),
    BadSpec(
        "an unknown rollout",
        EXISTING + "deployments: {bot: {finetune: a, sku: Standard, rollout: canary}}\n",
        ("2:58 spec.value",),
    ),
    BadSpec(
        "a drain",
        EXISTING + "deployments: {bot: {finetune: a, sku: Standard, drain: 10m}}\n",
        ("2:49 spec.not-yet-supported",),
    ),
    BadSpec(
        "a drain without a unit",
        EXISTING + "deployments: {bot: {finetune: a, sku: Standard, drain: '10'}}\n",
        ("2:56 spec.value",),
    ),
    BadSpec(
        "leaving what expired",
        EXISTING + "deployments: {bot: {finetune: a, sku: Standard, on_expiry: leave}}\n",
        ("2:49 spec.not-yet-supported",),
    ),
    BadSpec(
        "recreating what a developer tier lost",
        EXISTING + "deployments: {bot: {finetune: a, sku: DeveloperTier, on_expiry: recreate}}\n",
        ("2:54 spec.not-yet-supported",),
    ),
    BadSpec(
        "the best checkpoint of a deployment",
        EXISTING + "deployments: {bot: {finetune: a, sku: Standard, checkpoint: best}}\n",
        ("2:49 spec.not-yet-supported",),
    ),
    BadSpec(
        "a content policy that is empty",
        EXISTING + "deployments: {bot: {finetune: a, sku: Standard, content_policy: ''}}\n",
        ("2:65 spec.value",),
    ),
    BadSpec(
        "an unknown ignored field",
        EXISTING + "deployments: {bot: {finetune: a, sku: Standard, ignore_changes: [capacity, colour]}}\n",
        ("2:76 spec.unknown-field",),
    ),
    BadSpec(
        "a number among ignored fields",
        EXISTING + "deployments: {bot: {finetune: a, sku: Standard, ignore_changes: [3]}}\n",
        ("2:66 spec.type",),
    ),
    BadSpec(
        "an unknown account of a deployment",
        EXISTING + "deployments: {bot: {finetune: a, sku: Standard, account: asia}}\n",
        ("2:58 project.unknown-account",),
    ),
    BadSpec(
        "a base model as a text", EXISTING + "deployments: {bot: {model: gpt-4o, sku: Standard}}\n", ("2:28 spec.type",)
    ),
    BadSpec(
        "a base model without a name",
        EXISTING + "deployments: {bot: {model: {version: '2024-08-06'}, sku: Standard}}\n",
        ("2:28 spec.missing-key",),
    ),
    BadSpec(
        "a number as a version",
        EXISTING + "deployments: {bot: {model: {name: gpt-4o, version: 1106}, sku: Standard}}\n",
        ("2:52 spec.type",),
    ),
    BadSpec(
        "a base model with an unknown key",
        EXISTING + "deployments: {bot: {model: {name: gpt-4o, ver: '1'}, sku: Standard}}\n",
        ("2:43 spec.unknown-key",),
    ),
    BadSpec(
        "two deployments of one name",
        EXISTING
        + "deployments:\n  bot: {finetune: a, sku: Standard}\n  other: {finetune: a, sku: Standard, name: BOT}\n",
        ("4:45 spec.same-deployment",),
    ),
    BadSpec(
        "an undefined variable",
        DATASET + 'finetunes: {a: {model: gpt-4.1-2025-04-14, training: t, suffix: "${var.nobody}"}}\n',
        ("2:65 variable.undefined",),
    ),
    BadSpec(
        "a variable without a value",
        DATASET + 'finetunes: {a: {model: gpt-4.1-2025-04-14, training: t, suffix: "${var.unset}"}}\n',
        ("2:65 variable.undefined",),
    ),
    BadSpec(
        "a misspelt variable",
        DATASET
        + 'finetunes: {a: {model: gpt-4.1-2025-04-14, training: t, hyperparameters: {n_epochs: "${var.epoch}"}}}\n',
        ("2:85 variable.undefined",),
    ),
    BadSpec(
        "another kind of variable",
        DATASET + 'finetunes: {a: {model: gpt-4.1-2025-04-14, training: t, suffix: "${env.HOME}"}}\n',
        ("2:65 variable.syntax",),
    ),
    BadSpec(
        "a variable without a kind",
        DATASET + 'finetunes: {a: {model: gpt-4.1-2025-04-14, training: t, suffix: "${epochs}"}}\n',
        ("2:65 variable.syntax",),
    ),
    BadSpec(
        "a variable that is not closed",
        DATASET + 'finetunes: {a: {model: gpt-4.1-2025-04-14, training: t, suffix: "${var.epochs"}}\n',
        ("2:65 variable.syntax",),
    ),
    BadSpec(
        "an empty variable",
        DATASET + 'finetunes: {a: {model: gpt-4.1-2025-04-14, training: t, suffix: "${}"}}\n',
        ("2:65 variable.syntax",),
    ),
    BadSpec(
        "a variable in a key", 'datasets: {"${var.epochs}": {file: ../data/t.jsonl}}\n', ("1:12 variable.not-here",)
    ),
    BadSpec(
        "a variable of the wrong type",
        DATASET + 'finetunes: {a: {model: gpt-4.1-2025-04-14, training: "${var.epochs}"}}\n',
        ("2:54 spec.type",),
    ),
    BadSpec(
        "a variable as text where a number is wanted",
        DATASET
        + 'finetunes: {a: {model: gpt-4.1-2025-04-14, training: t, hyperparameters: {n_epochs: "${var.epochs}0"}}}\n',
        ("2:85 spec.value",),
    ),
    BadSpec(
        "an escaped variable in a suffix",
        DATASET + 'finetunes: {a: {model: gpt-4.1-2025-04-14, training: t, suffix: "$${var.epochs}"}}\n',
        ("2:65 spec.value",),
    ),
    BadSpec(
        "variables in two places",
        DATASET + 'finetunes: {a: {model: "${var.x}", training: "${var.y}"}}\n',
        (
            "2:24 variable.undefined",
            "2:46 variable.undefined",
        ),
    ),
    BadSpec(
        "everything at once",
        "datasets:\n  t: {file: nowhere.jsonl}\n  u: {fil: x}\nfinetunes:\n  a: {model: gpt-4o, training: tt}\n  b: {continues: b, training: t}\ndeployments:\n  bot: {finetune: z, sku: Basic, capacity: 0}\n",
        (
            "2:13 dataset.missing",
            "3:7 spec.unknown-key",
            "5:14 spec.undated-model",
            "5:32 spec.dangling-reference",
            "6:18 spec.cycle",
            "8:19 spec.dangling-reference",
            "8:27 spec.value",
            "8:44 spec.value",
        ),
    ),
    BadSpec(
        "characters beyond the basic plane before an error",
        "datasets: {t: {file: ../data/t.jsonl, description: '\U0001f600\xe9', protekt: true}}\n",
        ("1:58 spec.unknown-key",),
    ),
    BadSpec(
        "Windows line ends",
        "datasets:\r\n  t:\r\n    file: ../data/t.jsonl\r\n    protect: nope\r\n",
        ("4:14 spec.type",),
    ),
)
