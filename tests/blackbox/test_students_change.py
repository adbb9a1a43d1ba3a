"""Students when the world changes: the labels have other names, a new label comes, the input is in another language.
Within 200 requests the student serves no more, and the promise is kept over everything that was asked.

What may go wrong by chance: an answer of a student is audited once in 63 requests at the latest (2 % at least, spaced:
learn/spaced_coins.h), whatever the coins, and what it is not trusted with is heard at once."""

import unittest

from harness import wait_for
from blackbox.test_students import StudentCase, Teacher
from harness.tickets import LABELS, ticket
from harness.gateway import PATIENCE

PROMISE = 0.05


class ChangeCase(StudentCase):
    wrong = 0

    def teach(self, most=1_200):
        for count in range(most):
            served, _ = self.ask_many(1)
            if served:
                return
            if count == 60:
                self.wait_trained(1)
        self.fail("no student in service after %d requests; log:\n%s" % (most, self.weir.log))

    def ask_many(self, count):
        served, wrong = super().ask_many(count)
        self.wrong += wrong
        return served, wrong

    def check_promise(self):
        self.assertLessEqual(self.wrong, PROMISE * self.asked, "of %d requests; log:\n%s" % (self.asked, self.weir.log))


class Renamed(ChangeCase):
    def test_all_labels_have_other_names(self):
        self.teach()
        self.assertGreater(self.ask_many(1_400)[0], 1_000)
        self.teacher.names = {label: label.upper() + " desk" for label in LABELS}
        self.until_taken_back()
        wait_for(lambda: "it begins anew" in self.weir.log, PATIENCE, "the next student to begin anew")
        self.check_promise()
        # The next one has learned from what came since, and says the new names.
        self.teach()
        served, wrong = self.ask_many(100)
        self.assertGreater(served, 50)
        self.assertLessEqual(wrong, PROMISE * served)
        self.check_promise()


class Late(Teacher):
    """Comes to say something new of an eighth of the tickets."""

    late = False

    def says(self, number):
        return "fraud" if self.late and number % 8 == 0 else super().says(number)


class NewLabel(ChangeCase):
    teacher_of = Late

    def ticket(self, number):
        text = ticket(number)
        return "somebody stole " + text if self.teacher.late and number % 8 == 0 else text

    def test_a_new_label_in_an_eighth_of_the_traffic(self):
        self.teach()
        self.assertGreater(self.ask_many(300)[0], 150)
        self.teacher.late = True
        self.until_taken_back()
        self.check_promise()
        self.ask_many(400)
        self.check_promise()


class OtherLanguage(ChangeCase):
    words = {
        "invoice": "Rechnung", "charged": "abgebucht", "refund": "Erstattung", "payment": "Zahlung",
        "password": "Kennwort", "account": "Konto", "locked": "gesperrt", "signing": "Anmeldung",
        "parcel": "Paket", "courier": "Bote", "arrived": "angekommen", "tracking": "Sendung",
        "thanks": "danke", "wonderful": "wunderbar", "great": "toll", "helpful": "hilfreich",
        "hello": "guten Tag", "my": "meine", "the": "das", "was": "wurde", "yesterday": "gestern",
        "about": "wegen", "your": "Ihrer", "and": "und", "it": "es", "again": "schon wieder", "ticket": "Vorgang",
    }  # fmt: skip
    spoken = False

    def ticket(self, number):
        return " ".join(self.words.get(word, word) if self.spoken else word for word in ticket(number).split(" "))

    def test_the_input_is_in_another_language(self):
        self.teach()
        self.assertGreater(self.ask_many(300)[0], 150)
        before = self.students()[0]["examples"]
        type(self).spoken = True
        self.until_taken_back()
        self.check_promise()
        # It proves itself again, as one that has learned the language: how much of it must not depend on how busy the
        # machine is. Of 100 examples that have come since, the latest student knows all but the last 15 %.
        self.ask_many(60)
        wait_for(lambda: self.students()[0]["examples"] >= before + 60, 20 * PATIENCE, "a student that has learned it")
        self.ask_many(340)
        self.check_promise()


if __name__ == "__main__":
    unittest.main()
