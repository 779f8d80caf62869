"""What happens in the sample: an agent is asked to look after the inbox and the disks of a small machine at night.

All of it is invented. One disk fills up; the look at it in the second tick gives an alert.
"""

from msgspec import Struct


class Look(Struct, frozen=True):
    """What the agent does in one tick: the file that it reads, what that says, and what it replies."""

    path: str
    text: str
    reply: str


class _Mail(Struct, frozen=True):
    at: str
    sender: str
    subject: str
    words: str


MORNING = "Good morning! I am away until tomorrow. Look after the inbox and the disks, and only write if you have to."
MORNING_REPLY = "Good morning. I will look every half hour at night, and stay quiet unless something needs you."

QUIET = "HEARTBEAT_OK"
ALERT = (
    "Disk alert: /srv/archive is 91 % full, and the nightly export adds about 4 GB an hour. "
    "It will be full around 07:00. Please delete old exports, or stop this one."
)
SUMMARIES = (
    "Four looks at inbox and disks since 22:00. One alert was sent: /srv/archive is filling up.",
    "Three more looks at inbox and disks since midnight. Nothing was sent.",
)

_MAILS = (
    _Mail(
        "2026-11-23 17:12",
        "Energy Co-op <meter@coop.example>",
        "Your reading was received",
        "41,207 kWh on 23 November. The next reading is due at the end of February. Thank you.",
    ),
    _Mail(
        "2026-11-23 17:55",
        "Tomas Brandt <tomas@brandt.example>",
        "Photographs of the allotment",
        "I put them in the shared folder, 84 of them. The frost came early this year, as you can see.",
    ),
    _Mail(
        "2026-11-23 18:40",
        "Choir <office@choir.example>",
        "Room for Tuesday",
        "We meet in the small hall this week, as the organ is being tuned. Please bring a pencil and the blue book.",
    ),
    _Mail(
        "2026-11-23 19:02",
        "Parcel Point <no-reply@parcelpoint.example>",
        "Your parcel is on its way",
        "It will be at the shop on Harbour Street from Wednesday, 10:00. Bring the code from the app.",
    ),
    _Mail(
        "2026-11-23 20:15",
        "Lena Okafor <lena@orchard.example>",
        "Re: Minutes of Thursday",
        "Thanks, I added the two points on the budget. No need to answer, I will bring copies.",
    ),
    _Mail(
        "2026-11-23 21:20",
        "Status Page <status@hosting.example>",
        "Resolved: slow answers in region north",
        "Between 20:31 and 21:05 some requests took up to nine seconds. A router was replaced; nothing is left to do.",
    ),
    _Mail(
        "2026-11-23 21:48",
        "Harbour Library <loans@library.example>",
        "Two loans end next week",
        "'A Field Guide to Mosses' and 'Tides' are due on 1 December. Renew them if nobody else waits for them.",
    ),
    _Mail(
        "2026-11-23 22:37",
        "Weather Service <night@weather.example>",
        "Frost until Wednesday",
        "Minus four degrees are expected at 05:00, with light wind from the north-east. Roads may be icy.",
    ),
    _Mail(
        "2026-11-23 22:51",
        "Nightly Export <export@archive.example>",
        "Export 2026-11-23 is still running",
        "Started at 18:50; 3,144 of an expected 5,900 items are written. The next message comes when it ends or fails.",
    ),
    _Mail(
        "2026-11-23 23:31",
        "Ines Carvalho <ines@carvalho.example>",
        "Saturday",
        "We would be six, if the twins come along. Shall I bring the long table? Tell me tomorrow, there is no hurry.",
    ),
    _Mail(
        "2026-11-23 23:56",
        "Rail Alerts <alerts@rail.example>",
        "Works between Ashby and Northgate",
        "No trains from 01:00 to 04:30 until Thursday. Buses leave from the forecourt every twenty minutes.",
    ),
    _Mail(
        "2026-11-24 00:44",
        "Bakery on the Corner <orders@bakery.example>",
        "Your order for Saturday",
        "Two rye loaves and a plum cake, to be fetched from 08:00. You can change it until Friday noon.",
    ),
)
_SHOWN = 7

_HOURLY = (
    ("17:00", "0.1"),
    ("18:00", "0.1"),
    ("19:00", "3.8"),
    ("20:00", "4.1"),
    ("21:00", "4.0"),
    ("22:00", "4.2"),
    ("23:00", "4.3"),
    ("00:00", "4.2"),
)


def _inbox(at: str) -> str:
    mails = [mail for mail in _MAILS if mail.at < at][-_SHOWN:]
    lines = [f"# Inbox at {at}, newest first", ""]
    for mail in reversed(mails):
        lines += [f"{mail.at[-5:]}  {mail.sender}", f"  {mail.subject}", f"  {mail.words}", ""]
    return "\n".join(lines)


def _disks(at: str, used: int, export: str, hours: int) -> str:
    growth = ", ".join(f"{hour} +{size} GB" for hour, size in _HOURLY[hours - 6 : hours])
    return f"""# Disk report, {at}

mounted on      size    used    free  use  inodes  device     type
/              60 GB   22 GB   38 GB  37%      9%  nvme0n1p2  ext4
/var           40 GB   17 GB   23 GB  43%     12%  nvme0n1p3  ext4
/srv/agent    120 GB   48 GB   72 GB  40%      4%  nvme1n1p1  ext4
/srv/archive  400 GB  {used} GB  {400 - used:>3} GB  {used / 4:.0f}%      2%  sda1       xfs
/srv/media    900 GB  611 GB  289 GB  68%      3%  sdb1       xfs

largest folders of /srv/archive
  {export:>8}  exports/2026-11-23
   61.4 GB  exports/2026-11-22
   60.9 GB  exports/2026-11-21
   60.7 GB  exports/2026-11-20
   38.5 GB  scans
    2.1 GB  letters

growth of /srv/archive by the hour
  {growth}

drives
  nvme0n1  passed  38 C  2 % worn              4,112 h
  nvme1n1  passed  41 C  5 % worn              9,870 h
  sda      passed  33 C  0 pending sectors    21,455 h
  sdb      passed  34 C  0 pending sectors    21,457 h

backups
  /           last good 2026-11-23 03:02   21 GB, checked
  /srv/agent  last good 2026-11-23 03:10   46 GB, checked
  /srv/media  last good 2026-11-22 03:40  604 GB, checked
"""


def _at_the_inbox(at: str) -> Look:
    return Look("inbox.md", _inbox(at), QUIET)


LOOKS = (
    _at_the_inbox("2026-11-23 22:00"),
    Look("disks.txt", _disks("2026-11-23 22:30", 364, "118.2 GB", 6), ALERT),
    _at_the_inbox("2026-11-23 23:00"),
    Look("disks.txt", _disks("2026-11-23 23:30", 368, "122.5 GB", 7), QUIET),
    _at_the_inbox("2026-11-24 00:00"),
    Look("disks.txt", _disks("2026-11-24 00:30", 373, "126.8 GB", 8), QUIET),
    _at_the_inbox("2026-11-24 01:00"),
)
"""One a tick, from 22:00 on, every half hour."""
