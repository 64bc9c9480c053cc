"""How fast 837P and 835 files are read, and in how much memory: `python -m benchmarks.intake [CLAIMS]`.

A made-up file of so many claims (10,000 unless told) of two lines each, one subscriber in four with a dependant, is
read by a process of its own, three times; the least CPU seconds count, and the most memory beyond that of the program.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from audit.intake import read
from audit.tables import check
from benchmarks.memory import most_megabytes

CLAIMS, TIMES = 10_000, 3
ISA = "ISA*00*          *00*          *ZZ*MADEUPCLINIC   *ZZ*MADEUPPAYER    *260302*0915*^*00501*000000001*0*T*:"
PAYER = "NM1*PR*2*MEDICARE PART B OHIO*****PI*15202"


def claim_file(claims: int) -> str:
    """An 837P of one transaction."""
    body = [
        "BHT*0019*00*1*20260302*0915*CH",
        "HL*1**20*1",
        "NM1*85*2*RIVERBEND HAND AND HOME OT*****XX*1000000004",
    ]
    number = 1
    for claim in range(claims):
        number += 1
        subscriber, dependant = number, claim % 4 == 0
        body += [f"HL*{number}*1*22*{int(dependant)}", "SBR*P*18*******MB", f"NM1*IL*1*MADE*UP*Q***MI*M{claim:07}"]
        body += ["DMG*D8*19480214*F", PAYER]
        if dependant:
            number += 1
            body += [f"HL*{number}*{subscriber}*23*0", "PAT*19", f"NM1*QC*1*MADE*CHILD{claim % 3}", "DMG*D8*20150101*M"]
        body += [f"CLM*C{claim:07}*180***11:B:1*Y*A*Y*Y", "REF*G1*PA77001", "HI*ABK:M25641*ABF:R278"]
        body += ["NM1*DN*1*ADEYEMI*TOLA****XX*1000000038", "NM1*82*1*SORENSEN*KAI****XX*1000000012"]
        for line, code in enumerate(("97530", "97110"), start=1):
            body += [
                f"LX*{line}",
                f"SV1*HC:{code}:GO*90*UN*2***1:2",
                "DTP*472*D8*20260302",
                f"REF*6R*C{claim:07}-{line}",
            ]
    return _envelope("HC", "837", "005010X222A1", body)


def payment_file(claims: int) -> str:
    """An 835 of one payment that answers the claims of `claim_file`."""
    body = [f"BPR*I*{claims * 100}*C*CHK************20260401", "TRN*1*EFT1*1999999999", "N1*PR*MADE UP", "LX*1"]
    for claim in range(claims):
        body += [f"CLP*C{claim:07}*1*180*100*20*MB*ICN{claim}", f"NM1*QC*1*MADE*UP****MI*M{claim:07}"]
        for line, code in enumerate(("97530", "97110"), start=1):
            body += [f"SVC*HC:{code}:GO*90*50**2", "DTM*472*20260302", "CAS*CO*45*30", "CAS*PR*2*10"]
            body += [f"REF*6R*C{claim:07}-{line}", "AMT*B6*60"]
    return _envelope("HP", "835", "005010X221A1", body)


def _envelope(group: str, kind: str, guide: str, body: list[str]) -> str:
    start = [ISA, f"GS*{group}*A*B*20260302*0915*1*X*{guide}", f"ST*{kind}*0001" + f"*{guide}" * (kind == "837")]
    return "~\n".join([*start, *body, f"SE*{len(body) + 2}*0001", "GE*1*1", "IEA*1*000000001", ""])


def measure(path: Path) -> None:
    """Read the file and print: CPU seconds of reading, megabytes beyond the program's, CPU seconds of checking."""
    before, began = most_megabytes(), time.process_time()
    batch = read([path])
    reading, most = time.process_time() - began, most_megabytes() - before
    began = time.process_time()
    tables, refusals = check(batch)
    assert not refusals
    assert len(tables.claims) or len(tables.payments)
    print(reading, most, time.process_time() - began)


def _runs(path: Path) -> Iterator[list[float]]:
    command = [sys.executable, "-m", "benchmarks.intake", "--measure", str(path)]
    for _ in range(TIMES):
        told = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        yield [float(number) for number in told.split()]


def main(claims: int) -> None:
    files: dict[str, Callable[[int], str]] = {"837P": claim_file, "835": payment_file}
    for name, made in files.items():
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "made-up.edi")
            path.write_text(made(claims))
            seconds, most, checking = zip(*_runs(path), strict=True)
            size = path.stat().st_size / 1024 / 1024
        print(
            f"{name}: {claims:,} claims ({size:.1f} MB) read in {min(seconds):.2f} s CPU, {max(most):.0f} MB more; "
            f"checked in {min(checking):.2f} s"
        )


if __name__ == "__main__":
    if sys.argv[1:2] == ["--measure"]:
        measure(Path(sys.argv[2]))
    else:
        main(int(sys.argv[1]) if len(sys.argv) > 1 else CLAIMS)
