"""The hand-written stories and the index from the 32 questions of domain.md section 4 to them.

Identifiers of story n are readable (see `numbers.StoryNumbers`): traveler `TRV-01KST0RY…n`, receipts `IOE09yy0nn…`,
applications `AA00Snn…`, foils `Snn…`, I-94s `nn…A…`, and so on. They are the same at every seed and scale; the dates
are counted back from the world's day. docs/stories.md is printed from here.

 1 h1b-window              13 asylum-then-applicant   25 at-large-with-benefit
 2 pims-lag                14 resident                26 missing-child
 3 approved-not-issued     15 removed-applicant       27 sealed
 4 issued-in-spite         16 removed-and-back        28 advisory-opinion
 5 revoked-in-the-air      17 petition-returned       29 all-chapters
 6 j1-two-year-rule        18 late-match              30 j2-dependent
 7 overstay-by-date        19 two-passports           31 finding-by-uscis
 8 duration-of-status      20 namesake-one            32 unmatched-departure
 9 extension-in-time       21 namesake-two            33 revoked-at-primary
10 protected-u             22 unnamed-workers         34 paroled
11 spouse-of-protected     23 terminated-participant
12 protected-t             24 h1b-at-primary
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from subgraphs.kit.world.build.draft import Today
from subgraphs.kit.world.model import Journey
from subgraphs.kit.world.tales import file, port, post, stay

__all__ = ["STORIES", "Story", "stories", "story"]


@dataclass(frozen=True, slots=True)
class Story:
    """One story: its number, its slug (also `Journey.story`), one paragraph, and the function that tells it."""

    number: int
    slug: str
    text: str
    tell: Callable[[Today], Journey]


STORIES: tuple[Story, ...] = (
    Story(
        1,
        "h1b-window",
        "A clean H-1B. The petition is approved and recorded in PIMS; she is at the window in New "
        "Delhi now, her application is in adjudication, the security screening was clear, an earlier B-2 visit ended "
        "in time.",
        post.h1b_window,
    ),
    Story(
        2,
        "pims-lag",
        "USCIS approved the petition three days ago and PIMS has nothing yet: two agencies, two "
        "answers, two instants. The application waits under 221(g) in New Delhi.",
        post.pims_lag,
    ),
    Story(
        3,
        "approved-not-issued",
        "Approved in Cairo two days ago and not issued; the Visa Security Program "
        "recommended refusal yesterday, unread so far. A lookout stands behind it.",
        post.approved_not_issued,
    ),
    Story(
        4,
        "issued-in-spite",
        "Cairo issued the visa sixty days ago in spite of a recommendation to refuse; the "
        "review is closed, so the Visa Security Program's window is closed too.",
        post.issued_in_spite,
    ),
    Story(
        5,
        "revoked-in-the-air",
        "Lagos' visa was prudentially revoked five hours ago, while the holder was flying; he "
        "stands in secondary in Atlanta. An old 214(b) refusal is on file.",
        port.revoked_in_the_air,
    ),
    Story(
        6,
        "j1-two-year-rule",
        "A physician in J-1 status, subject to the two-year rule with a waiver pending, admitted "
        "for duration of status, left three weeks ago and is at primary in New York now.",
        port.j1_two_year_rule,
    ),
    Story(
        7,
        "overstay-by-date",
        "His I-94 ended eighty days ago and no departure is known: a suspected overstay by date, and ERO has a lead.",
        stay.overstay_by_date,
    ),
    Story(
        8,
        "duration-of-status",
        "A former F-1 student admitted for duration of status, no formal finding: not "
        "determinable, whatever the calendar says. He applies for an H-1B in New Delhi.",
        post.duration_of_status,
    ),
    Story(
        9,
        "extension-in-time",
        "The I-94 ended thirty days ago, but an extension was filed forty-five days before "
        "and is undecided (evidence asked): not an overstay. Open receipt.",
        stay.extension_in_time,
    ),
    Story(
        10,
        "protected-u",
        "U petition pending, flagged under 8 USC 1367. An overstay on paper, with an ERO "
        "encounter at a courthouse. Wife of story 11.",
        stay.protected_u,
    ),
    Story(
        11,
        "spouse-of-protected",
        "Husband of story 10, applies for a B-2 in New Delhi. An I-130 names him, and so "
        "does the protected petition: the post must see one petition, counted as one.",
        post.spouse_of_protected,
    ),
    Story(
        12,
        "protected-t",
        "T nonimmigrant, admitted as T1 (a class that discloses by itself), in proceedings before. "
        "ERO has an open case.",
        stay.protected_t,
    ),
    Story(
        13,
        "asylum-then-applicant",
        "Once referred for credible fear in Atlanta, asylum case withdrawn, later a "
        "B-2 visit in order; applies in Cairo now. Neither the outcome nor the cases may reach the post.",
        post.asylum_then_applicant,
    ),
    Story(
        14,
        "resident",
        "A lawful permanent resident (the Privacy Act applies) back from a trip, at primary in New York.",
        port.resident,
    ),
    Story(
        15,
        "removed-applicant",
        "Removed six years ago, departure witnessed; applies in New Delhi. Detention and "
        "criminal history exist and stay with ERO.",
        post.removed_applicant,
    ),
    Story(
        16,
        "removed-and-back",
        "Removed, came back, order reinstated and outstanding; in secondary in Atlanta. Primary saw only the referral.",
        port.removed_and_back,
    ),
    Story(
        17,
        "petition-returned",
        "Ho Chi Minh City returned the approved I-130 with a memo; USCIS must reaffirm or "
        "revoke. The officer's notes stay in the post.",
        stay.petition_returned,
    ),
    Story(
        18,
        "late-match",
        "No exit was known for a year; a departure by land, shown at a post, was matched forty days "
        "ago. What had been shared as an overstay was none.",
        stay.late_match,
    ),
    Story(
        19,
        "two-passports",
        "One person, two passports, two family names, one set of fingerprints; the visa is in the old passport.",
        post.two_passports,
    ),
    Story(20, "namesake-one", "Omar Khan, born 1 January 1988: a visitor without any trouble.", file.namesake_one),
    Story(
        21,
        "namesake-two",
        "Another Omar Khan, born 1988 (year only): a final order and a lookout. Nothing of his may stick to story 20.",
        file.namesake_two,
    ),
    Story(
        22,
        "unnamed-workers",
        "An H-2A petition for twenty-five unnamed workers: no beneficiary on the petition, but "
        "the visa application cites its receipt.",
        file.unnamed_workers,
    ),
    Story(
        23,
        "terminated-participant",
        "A summer participant of sanctioned sponsor P-4-00044, ended with code CONVIC; "
        "his SEVIS record is the compliance case.",
        stay.terminated_participant,
    ),
    Story(
        24,
        "h1b-at-primary",
        "H-1B at primary in Atlanta with the petition's number on the foil: CBP has no "
        "agreement with USCIS about petitions.",
        port.h1b_at_primary,
    ),
    Story(
        25,
        "at-large-with-benefit",
        "Ordered removed, appeal pending, at large, with an approved I-130 and a pending I-485. ERO's open case.",
        stay.at_large_with_benefit,
    ),
    Story(
        26,
        "missing-child",
        "A nine-year-old stopped without a guardian, outbound in Atlanta: the break-glass question.",
        port.missing_child,
    ),
    Story(27, "sealed", "A court sealed the file. She applies in New Delhi.", file.sealed),
    Story(
        28,
        "advisory-opinion",
        "A security advisory opinion is open and its program's name reveals the concern; an "
        "overcome medical refusal and a waived serious one are on file.",
        post.advisory_opinion,
    ),
    Story(
        29,
        "all-chapters",
        "Every agency holds records about her and has an open case that names her: scholar, "
        "worker, respondent, applicant (approved, not issued, in New Delhi), arriving in New York.",
        file.all_chapters,
    ),
    Story(
        30,
        "j2-dependent",
        "Husband of story 6, admitted J-2 for duration of status: a dependent named by another's SEVIS record.",
        stay.j2_dependent,
    ),
    Story(
        31,
        "finding-by-uscis",
        "Admitted F-1 for duration of status; USCIS found that status had ended: an overstay from that day, and "
        "the visa is void under 222(g).",
        stay.finding_by_uscis,
    ),
    Story(
        32,
        "unmatched-departure",
        "Her I-94 ended, and a departure that may be hers is matched to no admission: suspected, on that basis only.",
        stay.unmatched_departure,
    ),
    Story(
        33,
        "revoked-at-primary",
        "Revoked three hours ago while he was flying, at primary in Atlanta now: the officer's question is open.",
        port.revoked_at_primary,
    ),
    Story(
        34,
        "paroled",
        "Paroled at Miami, which is no admission; a work permit is pending.",
        port.paroled,
    ),
)


@lru_cache(maxsize=4)
def stories(today: datetime) -> tuple[Journey, ...]:
    """Every story's Journey in order of number, dated from `today` (timezone-aware UTC)."""
    when = Today(today)
    return tuple(item.tell(when) for item in STORIES)


def story(slug: str, today: datetime) -> Journey:
    """The Journey of the story called `slug`. Raises KeyError when there is none."""
    for item, journey in zip(STORIES, stories(today), strict=True):
        if item.slug == slug:
            return journey
    raise KeyError(slug)
