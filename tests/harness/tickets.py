"""Support tickets, told apart by some of their words: a narrow task that is learned quickly."""

TELLING = {
    "billing": ("invoice", "charged", "refund", "payment"),
    "login": ("password", "account", "locked", "signing"),
    "delivery": ("parcel", "courier", "arrived", "tracking"),
    "praise": ("thanks", "wonderful", "great", "helpful"),
}
OTHER = ("hello", "my", "the", "was", "yesterday", "about", "your", "and", "it", "again")
LABELS = tuple(TELLING)


def label_of(number):
    return LABELS[(number * 7919) % 13 % 4]


def ticket(number, more=()):
    """`more`: words before the number, which comes last."""
    words = [OTHER[(number * k) % 11 % 10] for k in (3, 5, 7, 9)]
    telling = TELLING[label_of(number)]
    return " ".join([*words, telling[number % 4], telling[number // 4 % 4], *more, "ticket %d" % number])
