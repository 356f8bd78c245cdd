# ruff: noqa: E501
"""Bad projects: each text of ftops.yaml with every error it must give, as `line:column code`."""

from __future__ import annotations

from tests.loader.bad_specs.table import BadSpec

BASE = "project: p\naccounts: {main: {emulator: true}}\n"

BAD_PROJECTS: tuple[BadSpec, ...] = (
    BadSpec("an empty file", "", ("1:1 spec.type",)),
    BadSpec("a list", "- project\n", ("1:1 spec.type",)),
    BadSpec("nothing but a project", "project: p\n", ("1:1 spec.missing-key",)),
    BadSpec("no project", "accounts: {main: {emulator: true}}\n", ("1:1 spec.missing-key",)),
    BadSpec("a project in capitals", "project: Support\naccounts: {main: {emulator: true}}\n", ("1:10 spec.value",)),
    BadSpec(
        "a project that starts with a dash", "project: -p\naccounts: {main: {emulator: true}}\n", ("1:10 spec.value",)
    ),
    BadSpec(
        "a project of 33 characters",
        "project: ppppppppppppppppppppppppppppppppp\naccounts: {main: {emulator: true}}\n",
        ("1:10 spec.value",),
    ),
    BadSpec("a number as a project", "project: 3\naccounts: {main: {emulator: true}}\n", ("1:10 spec.type",)),
    BadSpec("an empty project", "project:\naccounts: {main: {emulator: true}}\n", ("1:1 spec.empty-value",)),
    BadSpec("no account", "project: p\naccounts: {}\n", ("2:11 spec.value",)),
    BadSpec("accounts as a list", "project: p\naccounts: [main]\n", ("2:11 spec.type",)),
    BadSpec("an account as a text", "project: p\naccounts: {main: emulator}\n", ("2:18 spec.type",)),
    BadSpec(
        "an account with nothing",
        "project: p\naccounts: {main: {}}\n",
        (
            "2:18 spec.missing-key",
            "2:18 spec.missing-key",
            "2:18 spec.missing-key",
        ),
    ),
    BadSpec("an alias with a space", "project: p\naccounts: {my main: {emulator: true}}\n", ("2:12 spec.bad-name",)),
    BadSpec("an emulator that is false", "project: p\naccounts: {main: {emulator: false}}\n", ("2:29 spec.type",)),
    BadSpec("an emulator that is yes", "project: p\naccounts: {main: {emulator: yes}}\n", ("2:29 spec.value",)),
    BadSpec(
        "an emulator with a subscription",
        "project: p\naccounts: {main: {emulator: true, subscription: 00000000-0000-0000-0000-000000000000}}\n",
        ("2:35 spec.unknown-key",),
    ),
    BadSpec(
        "an emulator at a file URL",
        "project: p\naccounts: {main: {emulator: 'file:///etc/passwd'}}\n",
        ("2:29 spec.value",),
    ),
    BadSpec(
        "an emulator with credentials in its URL",
        "project: p\naccounts: {main: {emulator: 'http://a:b@127.0.0.1'}}\n",
        ("2:29 spec.value",),
    ),
    BadSpec(
        "an account without a name",
        "project: p\naccounts: {main: {subscription: 00000000-0000-0000-0000-000000000000, resource_group: rg}}\n",
        ("2:18 spec.missing-key",),
    ),
    BadSpec(
        "a subscription that is none",
        "project: p\naccounts: {main: {subscription: '0000', resource_group: rg, name: aoai}}\n",
        ("2:33 spec.value",),
    ),
    BadSpec(
        "a resource group with a slash",
        "project: p\naccounts: {main: {subscription: 00000000-0000-0000-0000-000000000000, resource_group: a/b, name: aoai}}\n",
        ("2:87 spec.value",),
    ),
    BadSpec(
        "an account name with dots and slashes",
        "project: p\naccounts: {main: {subscription: 00000000-0000-0000-0000-000000000000, resource_group: rg, name: ../x}}\n",
        ("2:97 spec.value",),
    ),
    BadSpec(
        "an endpoint without TLS",
        "project: p\naccounts: {main: {subscription: 00000000-0000-0000-0000-000000000000, resource_group: rg, name: aoai, endpoint: 'http://x.openai.azure.com'}}\n",
        ("2:113 spec.value",),
    ),
    BadSpec(
        "a key in the file",
        "project: p\naccounts: {main: {subscription: 00000000-0000-0000-0000-000000000000, resource_group: rg, name: aoai, key: abcdef0123456789}}\n",
        ("2:103 spec.unknown-key",),
    ),
    BadSpec(
        "a key in place of its name",
        "project: p\naccounts: {main: {subscription: 00000000-0000-0000-0000-000000000000, resource_group: rg, name: aoai, auth: key, key_env: 'sk-0123456789'}}\n",
        ("2:123 spec.value",),
    ),
    BadSpec(
        "auth by key without a name",
        "project: p\naccounts: {main: {subscription: 00000000-0000-0000-0000-000000000000, resource_group: rg, name: aoai, auth: key}}\n",
        ("2:18 project.incomplete",),
    ),
    BadSpec(
        "a name of a key without auth",
        "project: p\naccounts: {main: {subscription: 00000000-0000-0000-0000-000000000000, resource_group: rg, name: aoai, key_env: KEY}}\n",
        ("2:103 spec.no-effect",),
    ),
    BadSpec(
        "an unknown auth",
        "project: p\naccounts: {main: {subscription: 00000000-0000-0000-0000-000000000000, resource_group: rg, name: aoai, auth: token}}\n",
        ("2:109 spec.value",),
    ),
    BadSpec(
        "an undated api",
        "project: p\naccounts: {main: {subscription: 00000000-0000-0000-0000-000000000000, resource_group: rg, name: aoai, api: latest}}\n",
        ("2:108 spec.value",),
    ),
    BadSpec(
        "two aliases of one account",
        "project: p\ndefault_account: a\naccounts:\n  a: {subscription: 00000000-0000-0000-0000-000000000000, resource_group: rg, name: aoai}\n  b: {subscription: 00000000-0000-0000-0000-000000000000, resource_group: RG, name: AOAI}\n",
        ("5:3 project.same-account",),
    ),
    BadSpec(
        "emulators that differ in case",
        "project: p\ndefault_account: main\naccounts: {main: {emulator: true}, Main: {emulator: true}}\n",
        ("3:36 project.same-account",),
    ),
    BadSpec(
        "several accounts and no default",
        "project: p\naccounts: {a: {emulator: true}, b: {emulator: true}}\n",
        ("2:1 project.incomplete",),
    ),
    BadSpec("a default account of nobody", BASE + "default_account: mian\n", ("3:18 project.unknown-account",)),
    BadSpec("an unknown key", BASE + "limit: {max_deletes: 1}\n", ("3:1 spec.unknown-key",)),
    BadSpec("an unknown limit", BASE + "limits: {max_delete: 1}\n", ("3:10 spec.unknown-key",)),
    BadSpec("a negative limit", BASE + "limits: {max_deletes: -1}\n", ("3:23 spec.value",)),
    BadSpec("a limit as a text", BASE + "limits: {max_cost_usd: '200'}\n", ("3:24 spec.type",)),
    BadSpec("half a job", BASE + "limits: {max_new_jobs: 1.5}\n", ("3:24 spec.type",)),
    BadSpec("train as a text", BASE + "train: no\n", ("3:8 spec.type",)),
    BadSpec("specs as a text", BASE + "specs: specs\n", ("3:8 spec.type",)),
    BadSpec("no specs", BASE + "specs: []\n", ("3:8 spec.value",)),
    BadSpec("specs that are not there", BASE + "specs: [specs, spec]\n", ("3:16 project.specs-missing",)),
    BadSpec("specs outside of the project", BASE + "specs: [../other]\n", ("3:9 project.outside-project",)),
    BadSpec("specs at an absolute path", BASE + "specs: [/etc]\n", ("3:9 project.outside-project",)),
    BadSpec("a variable without braces", BASE + "variables: {epochs: 3}\n", ("3:21 spec.type",)),
    BadSpec("a variable with an unknown key", BASE + "variables: {epochs: {defualt: 3}}\n", ("3:22 spec.unknown-key",)),
    BadSpec("a variable with a bad name", BASE + "variables: {'a b': {default: 3}}\n", ("3:13 spec.bad-name",)),
    BadSpec(
        "a variable used in ftops.yaml",
        BASE + "variables: {n: {default: 3}}\nlimits: {max_deletes: '${var.n}'}\n",
        ("4:23 variable.not-here",),
    ),
    BadSpec("environments as a list", BASE + "environments: [prod]\n", ("3:15 spec.type",)),
    BadSpec("an environment as a text", BASE + "environments: {prod: yes}\n", ("3:22 spec.type",)),
    BadSpec(
        "an environment with a bad name", BASE + "environments: {'pr od': {train: false}}\n", ("3:16 spec.bad-name",)
    ),
    BadSpec(
        "an environment that changes the project",
        BASE + "environments: {prod: {project: q}}\n",
        ("3:23 spec.no-effect",),
    ),
    BadSpec(
        "an environment with an unknown key",
        BASE + "environments: {prod: {trains: false}}\n",
        ("3:23 spec.unknown-key",),
    ),
    BadSpec(
        "an environment with a default account of nobody",
        BASE + "environments: {prod: {default_account: prod}}\n",
        ("3:40 project.unknown-account",),
    ),
    BadSpec(
        "an environment that makes an emulator half real",
        BASE + "environments:\n  prod:\n    accounts: {main: {subscription: 00000000-0000-0000-0000-000000000000}}\n",
        ("5:23 spec.unknown-key",),
    ),
    BadSpec(
        "an environment with an empty value", BASE + "environments: {prod: {train: }}\n", ("3:23 spec.empty-value",)
    ),
    BadSpec("an unknown ledger", BASE + "ledger: {backend: s3}\n", ("3:19 spec.value",)),
    BadSpec(
        "a ledger without its account",
        BASE + "ledger: {backend: azblob, container: ledgers}\n",
        ("3:9 project.incomplete",),
    ),
    BadSpec("a local ledger with a container", BASE + "ledger: {container: ledgers}\n", ("3:10 spec.no-effect",)),
    BadSpec(
        "imports",
        BASE + "imports: {m: {prefix: 'https://x.blob.core.windows.net/ft/'}}\n",
        ("3:1 spec.not-yet-supported",),
    ),
    BadSpec("a policy", BASE + "policy: {max_epochs: 10}\n", ("3:1 spec.not-yet-supported",)),
    BadSpec(
        "ignored drift",
        BASE + "drift: {ignore: [{address: deployment/bot, path: capacity, reason: x}]}\n",
        ("3:1 spec.not-yet-supported",),
    ),
    BadSpec(
        "drift as a list",
        BASE + "drift: [x]\n",
        (
            "3:1 spec.not-yet-supported",
            "3:8 spec.type",
        ),
    ),
    BadSpec("an anchor", BASE + "x: &a 1\n", ("3:4 yaml.anchor",)),
    BadSpec("a key twice", BASE + "train: true\ntrain: false\n", ("4:1 yaml.duplicate-key",)),
    BadSpec(
        "a mistake in the default and in two environments",
        BASE + "train: maybe\nenvironments: {a: {}, b: {delete_models: true}}\n",
        ("3:8 spec.type",),
    ),
)
