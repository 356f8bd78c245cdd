"""python -m simulation: lives schedules, points and mutants, and says what they came to. Exit code 1 when any is red.

Every red line ends with the one command that lives the same history again, with everything that happened in it.
"""

from __future__ import annotations

import argparse
import itertools
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import replace

from simulation import campaign, points
from simulation.campaign import Report
from simulation.history import History, Verdict, drawn
from simulation.mutants import FOUND, MUTANTS
from simulation.over_emulator import emulator_services
from simulation.points import Point

LIMITS = {
    "pause": "a pause between the deadline check and the socket, in one of fifty sends",
    "unshared": "every machine with a ledger of its own",
}
_MUTANT_SEEDS = 10_000


def main(arguments: Sequence[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    if options.mutants:
        return _mutants(options.mutants, options.seeds or _MUTANT_SEEDS)
    if options.limit:
        return _limit(options.limit, options.first, options.seeds or 1000, options.processes)
    if options.point is not None:
        return _shown(points.Reference(Point.parse(options.point), trace=_tracer(options.trace)).live())
    if options.seed is not None:
        return _seed(options)
    return _everything(options)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m simulation", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--seeds", type=int, help="how many schedules (10000)")
    parser.add_argument("--first", type=int, default=0, help="the first of them (0)")
    parser.add_argument("--processes", type=int, default=2, help="side by side (2)")
    parser.add_argument("--no-points", action="store_true", help="without the crash points and pairs")
    parser.add_argument("--seed", type=int, help="one schedule")
    parser.add_argument("--point", help="one crash point, as a red line names it")
    parser.add_argument("--emulator", action="store_true", help="the one schedule over the emulator's own code")
    parser.add_argument("--mutant", choices=MUTANTS, help="the one schedule with a defence taken out")
    parser.add_argument("--trace", action="store_true", help="tell everything that happens")
    parser.add_argument("--mutants", nargs="?", const="all", choices=["all", *MUTANTS], help="find each mutant")
    parser.add_argument("--limit", choices=LIMITS, help="measure what the protocol does not promise")
    return parser


def _everything(options: argparse.Namespace) -> int:
    count = options.seeds or 10_000
    seeds = range(options.first, options.first + count)
    began = time.monotonic()
    red = _told(
        f"{count} schedules",
        campaign.campaign(campaign.live_seed, seeds, options.processes, _ticker(count)),
    )
    some = seeds[:: campaign.EMULATOR_EVERY]
    red += _told(
        f"{len(some)} of them over the emulator",
        campaign.campaign(campaign.live_on_emulator, some, options.processes, _ticker(len(some))),
    )
    if not options.no_points:
        for what, every in (("crash points", points.every_point()), ("pairs of them", points.every_pair())):
            found = list(every)
            report = campaign.campaign_of_points(found, options.processes, _ticker(len(found)))
            red += _told(f"{len(found)} {what}", report)
    print(f"{'RED' if red else 'green'} after {time.monotonic() - began:.0f} s")
    return 1 if red else 0


def _told(what: str, report: Report) -> int:
    """Prints what a campaign came to; how many were red."""
    counts = report.counts
    print(
        f"{what}: {counts['jobs made']} jobs made for {counts['trainings']} trainings in {counts['runs']} runs "
        f"({counts['killed']} killed); {counts['jobs made twice']} made twice, {counts['jobs paid twice']} paid twice, "
        f"{counts['jobs lost']} lost, {report.schedules - report.with_problem('stuck')} of {report.schedules} came to "
        f"rest; {report.seconds:.0f} s ({report.cpu_seconds:.0f} s of processor time)"
    )
    posts = {name[5:]: count for name, count in sorted(counts.items()) if name.startswith("POST ")}
    print("  paid requests: " + ", ".join(f"{count} {name}" for name, count in posts.items()))
    for verdict in report.red[:20]:
        print(f"  RED {verdict.problems[0][0]}: {verdict.problems[0][1]}")
        print(f"      {verdict.replay} --trace")
    return len(report.red)


def _seed(options: argparse.Namespace) -> int:
    with ExitStack() as stack:
        if options.mutant:
            stack.enter_context(MUTANTS[options.mutant].installed())
        schedule, services = drawn(options.seed), None
        if options.emulator:
            schedule, services = replace(schedule, strangers=()), stack.enter_context(emulator_services())
        return _shown(History(schedule, services=services, trace=_tracer(options.trace)).live())


def _shown(verdict: Verdict) -> int:
    for kind, words in verdict.problems:
        print(f"RED {kind}: {words}")
    print("; ".join(f"{name} {count}" for name, count in sorted(verdict.counts.items()) if count))
    return 1 if verdict.problems else 0


def _mutants(which: str, most: int) -> int:
    """Each mutant until the first schedule that finds it."""
    alive = 0
    for mutant in MUTANTS.values():
        if which not in ("all", mutant.name):
            continue
        with mutant.installed():
            lives = (campaign.live_seed(seed) for seed in range(most))
            verdict = next((verdict for verdict in lives if verdict.kinds & FOUND), None)
        if verdict is None:
            alive += 1
            print(f"{mutant.name:20} NOT FOUND in {most} schedules ({mutant.without})")
            continue
        kinds = ", ".join(sorted(verdict.kinds & FOUND))
        print(f"{mutant.name:20} found by schedule {verdict.seed}: {kinds} ({mutant.without}; {mutant.invariant})")
        print(f"{'':20} python -m simulation --seed {verdict.seed} --mutant {mutant.name} --trace", flush=True)
    return 1 if alive else 0


def _limit(which: str, first: int, count: int, processes: int) -> int:
    live = campaign.live_with_pause if which == "pause" else campaign.live_unshared
    report = campaign.campaign(live, range(first, first + count), processes, _ticker(count))
    print(
        f"{LIMITS[which]}: {count} schedules, {report.with_problem('made twice')} with a training made twice, "
        f"{report.with_problem('paid twice')} with one paid twice, {report.with_problem('lost')} with one lost, "
        f"{report.with_problem('stuck')} not at rest"
    )
    return 0


def _tracer(wanted: bool) -> Callable[[str], None] | None:
    return print if wanted else None


def _ticker(total: int) -> Callable[[int], None]:
    """Tells on a terminal how far it is."""
    spinner = itertools.count()

    def told(done: int) -> None:
        if sys.stderr.isatty() and next(spinner) % 20 == 0:
            print(f"\r{done} of {total}", end="\r", file=sys.stderr)

    return told


if __name__ == "__main__":
    sys.exit(main())
