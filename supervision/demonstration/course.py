"""The whole course of one case (办件) of the city, decided at its birth.

What is drawn follows what departments are seen to do: most decide well before the promise, a few
late; now and then somebody forgets a reason, a notice, a step, or reports days later.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from random import Random
from typing import Any, NamedTuple

from msgspec.structs import replace

from ..facts import Actor, Instant
from ..judgement.calendar import SECOND, Calendar
from ..judgement.deadline import listed_limit
from ..lists import ItemPublished, Special, Step
from . import habits
from .draw import pick
from .habits import ONLINE, Pace
from .items import LICENCE
from .office import DAY_HOURS, MINUTE, after, days_after, opened, shown
from .staff import CLERK, HEAD, REVIEWER, SIGNER


class Birth(NamedTuple):
    """A case as it is born: everything that its course follows from."""

    case_no: str
    item: ItemPublished
    staff: Mapping[str, tuple[str, ...]]
    pace: Pace
    received: Instant
    channel: str
    random: Random


@dataclass(slots=True)
class Told:
    """A fact of the story, not yet a fact of the log."""

    id: str
    at: Instant
    kind: str
    actor: Actor
    private: Mapping[str, str]
    fields: dict[str, Any]


@dataclass(slots=True)
class Story:
    """A case being told; `at` is how far it is."""

    birth: Birth
    calendar: Calendar
    at: Instant
    told: list[Told] = field(default_factory=list)

    @property
    def item(self) -> ItemPublished:
        return self.birth.item

    def chance(self, share: float) -> bool:
        """Whether something happens that happens in this share of cases."""
        return self.birth.random.random() < share

    def between(self, least: float, most: float) -> float:
        """Any number between two."""
        return least + (most - least) * self.birth.random.random()

    def who(self, post: str, *, last: bool = False) -> Actor:
        """Somebody of a post; `last` is always the same one."""
        persons = self.birth.staff[post]
        chosen = persons[-1] if last else persons[int(self.birth.random.random() * len(persons))]
        return Actor(id=chosen, post=post, department=self.item.department)

    def nobody(self) -> Actor:
        """Nobody of the department: the applicant, or a machine."""
        return Actor(department=self.item.department)

    def say(
        self, kind: str, actor: Actor, private: Mapping[str, str] | None = None, /, **fields: Any
    ) -> Told:
        """Something happened now."""
        told = Told(
            f"{self.birth.case_no}-{len(self.told) + 1:02d}",
            self.at,
            kind,
            actor,
            private or {},
            fields,
        )
        self.told.append(told)
        return told

    def spend(self, hours: float) -> None:
        """Office hours pass."""
        self.at = after(self.calendar, self.at, hours)

    def open(self) -> None:
        """Time passes until somebody is there."""
        self.at = opened(self.calendar, self.at)

    def days(self, least: int, most: int) -> None:
        """Working days pass."""
        days = int(self.between(least, most + 1))
        self.at = days_after(self.calendar, self.at, days, self.birth.random)

    # The course.

    def tell(self) -> None:
        """From the application to whatever end it comes to."""
        self.say(
            "ApplicationReceived",
            self.who(CLERK) if self.birth.channel not in ONLINE else self.nobody(),
            {"applicant": applicant(self.birth.case_no)},
            channel=self.birth.channel,
            materials=("申请表", "身份证明"),
        )
        if self._admitted():
            self._handled()
        if self.chance(habits.COMPLAINED):
            self._complained()

    def _admitted(self) -> bool:
        """Whether the case is accepted."""
        if self.item.promise == "0sd":
            self.at += int(self.between(1, 8) * 60) * SECOND
            if self.birth.channel in ONLINE:
                self.open()
        else:
            self._waits()
        if self.item.promise != "0sd" and self.chance(habits.SUPPLEMENTED):
            return self._supplemented() and self._accepted()
        if self.chance(habits.REFUSED):
            self.say(
                "CaseRefused",
                self.who(CLERK),
                self._reason("不属于受理范围"),
                document="不受〔演示〕",
            )
            return False
        return self._accepted()

    def _waits(self) -> None:
        self.open()
        if self.chance(habits.NOTICE_LATE):
            self.days(6, 9)
        else:
            self.spend(
                self.between(0.5, 6) if self.birth.channel in ONLINE else self.between(0.1, 0.9)
            )

    def _accepted(self) -> bool:
        self.say("CaseAccepted", self.who(CLERK), document="受〔演示〕")
        if self.item.fee:
            wrong = 500 if self.chance(habits.WRONG_FEE) else 0
            self._charged(self.item.fee + wrong)
        elif self.chance(habits.STRANGE_FEE):
            self._charged(2_000)
        return True

    def _charged(self, amount: int) -> None:
        self.at += 90 * SECOND
        self.say(
            "FeeCharged",
            self.who(CLERK),
            amount=amount,
            standard=self.item.fee,
            basis="演示收费标准",
        )

    def _reason(self, words: str) -> dict[str, str]:
        return {} if self.chance(habits.NO_REASON) else {"reason": f"演示：{words}"}

    def _supplemented(self) -> bool:
        """补正; whether the materials were completed."""
        missing = ("平面图",)
        self._asked(1, missing)
        self.days(1, 5)
        if self.chance(habits.NEVER_COMPLETED):
            self.days(6, 10)
            self.say(
                "CaseConcluded", self.who(CLERK), {"reason": "演示：逾期未补交"}, result="补交不来"
            )
            return False
        if self.chance(habits.NOT_AT_ONCE):
            self._received(1, missing, complete=False)
            self.spend(1)
            self._asked(2, ("平面图", "租赁合同"))
            self.days(1, 4)
            missing = ("租赁合同",)
        self._received(2 if missing == ("租赁合同",) else 1, missing, complete=True)
        self.spend(self.between(0.2, 3))
        return True

    def _asked(self, number: int, materials: tuple[str, ...]) -> None:
        self.say(
            "SupplementRequested",
            self.who(CLERK),
            {"reason": "演示：材料不齐"},
            round=number,
            materials=materials,
            told_at=shown(self.at),
        )

    def _received(self, number: int, materials: tuple[str, ...], *, complete: bool) -> None:
        self.say(
            "SupplementReceived",
            self.who(CLERK),
            round=number,
            complete=complete,
            materials=materials,
        )

    # From acceptance to the decision.

    def _handled(self) -> None:
        if self.chance(habits.WITHDRAWN):
            self.spend(self.between(0.5, 5))
            self.say("CaseWithdrawn", self.nobody(), {"reason": "演示：申请人撤回"})
            return
        hours, extended = self._hours()
        if self.item.specials and self.chance(habits.IN_SPECIAL):
            self.spend(hours * 0.1)
            self._paused(self.item.specials[0])
        self._worked(hours, extended)
        if self.chance(habits.RETURNED):
            self.say(
                "CaseConcluded", self.who(CLERK), self._reason("材料不符，退回"), result="退件"
            )
        else:
            self._decided(at_once=not hours)

    def _hours(self) -> tuple[float, bool]:
        """Office hours until the decision, and whether an extension is among them."""
        promise, legal = listed_limit(self.item.promise), listed_limit(self.item.legal)
        assert promise
        assert legal
        pace, drawn = self.birth.pace, self.birth.random.random()
        if promise.unit == "sd":
            return (self.between(7, 12) if drawn < pace.late / 2 else 0), False
        long = self.item.kind == LICENCE and promise.n >= 7
        if long and self.chance(habits.EXTENDED):
            return legal.n * DAY_HOURS * self.between(0.95, 1.2), True
        if drawn < pace.lost:
            return legal.n * DAY_HOURS * self.between(1.03, 1.3), False
        if drawn < pace.lost + pace.late:
            return promise.n * DAY_HOURS * self.between(1.1, 1.6), False
        return promise.n * DAY_HOURS * min(0.97, pace.usual * self.between(0.3, 1.35)), False

    def _paused(self, special: Special) -> None:
        approved = int(self.between(4, special.cap or 10))
        self.say(
            "SpecialProcedureStarted",
            self.who(REVIEWER),
            {"reason": "演示：需要组织专门工作"},
            kind=special.kind,
            basis=special.basis,
            approved_days=approved,
            approver=self.who(HEAD).id,
            told_at=None if self.chance(habits.NOT_TOLD) else shown(self.at),
        )
        over = self.chance(habits.OVER_APPROVAL)
        self.days(approved + 1, approved + 4) if over else self.days(2, approved - 1)
        self.say(
            "SpecialProcedureEnded",
            self.who(REVIEWER),
            {"opinion": "演示：已完成"},
            kind=special.kind,
            result="完成",
        )

    def _worked(self, hours: float, extended: bool) -> None:
        """The steps between acceptance and the decision."""
        begun = self.at
        if not hours:
            self.at += int(self.between(2, 25) * 60) * SECOND
            return
        steps = [
            s for s in self.item.steps if s.code not in ("acceptance", "signing", "conclusion")
        ]
        if steps and self.chance(habits.SKIPPED):
            steps = steps[:-1]
        for n, step in enumerate(steps, 1):
            self.at = begun
            self.spend(hours * habits.UNTIL_SIGNING * n / len(steps) * self.between(0.85, 1))
            self._stepped(step)
        if extended:
            self.at = begun
            self._extended()
        self.at = begun
        self.spend(hours)

    def _stepped(self, step: Step) -> None:
        actor = self.who(CLERK) if self.chance(habits.STRANGER) else self.who(REVIEWER)
        self.say(
            "StepCompleted",
            actor,
            {"opinion": "演示：符合条件，拟同意"} if step.code == "review" else {},
            step=step.code,
            result="通过",
        )

    def _extended(self) -> None:
        """延期, within the legal limit, or after it."""
        legal = listed_limit(self.item.legal)
        assert legal
        late = self.chance(habits.EXTENDED_LATE)
        self.spend(legal.n * DAY_HOURS * (1.06 if late else self.between(0.15, 0.85)))
        head = self.who(HEAD)
        self.say(
            "ExtensionApproved",
            head,
            {"reason": "演示：情况复杂"},
            days=10,
            approver=head.id,
            approver_post=HEAD,
            told_at=shown(self.at),
        )

    def _decided(self, *, at_once: bool) -> None:
        granted = not self.chance(habits.DENIED)
        signer = self._signer()
        self.say(
            "DecisionSigned",
            signer,
            {} if granted else self._reason("不符合法定条件"),
            granted=granted,
            signer=signer.id,
        )
        if at_once:
            self.at += 45 * SECOND
        else:
            self.spend(self.between(0.05, 2.5))
        result = "出证" if granted else "其他"
        self.say("CaseConcluded", self.who(CLERK), result=result)
        if granted:
            self._delivered()

    def _signer(self) -> Actor:
        reviewers = [t.actor for t in self.told if t.fields.get("step") == "review"]
        if reviewers and self.chance(habits.SAME_PERSON):
            return replace(reviewers[0], post=SIGNER)
        return self.who(SIGNER)

    # After the decision.

    def _delivered(self) -> None:
        if self.item.kind == LICENCE and self.item.promise != "0sd":
            self.open()
            self.spend(self.between(0.2, 5))
            number = f"演示证{self.birth.case_no[5:]}"
            self.say("CertificateIssued", self.who(CLERK), number=number)
            if self.chance(habits.DELIVERED_LATE):
                self.days(12, 16)
            self.spend(self.between(0.1, 2))
            self.say("ReadyForCollection", self.who(CLERK), way="窗口领取")
            self.days(0, 5)
        elif self.item.kind != LICENCE and self.chance(0.4):
            return
        way = "邮寄" if self.chance(0.25) else "窗口领取"
        self.say("ResultDelivered", self.who(CLERK), way=way)
        if self.chance(habits.RATED):
            self._rated()

    def _rated(self) -> None:
        self.at += int(self.between(1, 240)) * MINUTE
        grade = pick(habits.GRADES, self.birth.random.random())
        bad = {"text": "演示：等待时间较长"} if grade <= 2 else {}
        rating = self.say("ServiceRated", self.nobody(), bad, grade=grade, channel="评价器")
        if grade <= 2 and self.chance(habits.ANSWERED):
            self._answered(rating)

    def _complained(self) -> None:
        self.at += int(self.between(0.2, 40) * 60) * MINUTE
        filed = self.say(
            "ComplaintFiled", self.nobody(), {"matter": "演示：办不成事反映"}, channel="热线"
        )
        if self.chance(habits.ANSWERED):
            self._answered(filed)

    def _answered(self, filed: Told) -> None:
        self.open()
        self.days(1, 5)
        answer = {"answer": "演示：已联系申请人说明情况"}
        self.say("ComplaintAnswered", self.who(HEAD), answer, of=filed.id)


def applicant(case_no: str) -> str:
    """Who applied: obviously nobody."""
    return f"演示申请人{case_no[9:13]}-{case_no[-4:]}"
