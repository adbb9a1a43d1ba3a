#include "gateway/agreement_book.h"

#include <doctest/doctest.h>

using namespace weir;
using namespace weir::gateway;
using cascade::Agreed;
using cascade::AgreementForm;

TEST_CASE("what told, task by task") {
    AgreementBook book;
    CHECK(book.views().empty());
    book.compared(7, AgreementForm::automatic, "choice", Agreed::agree);
    book.compared(7, AgreementForm::automatic, "choice", Agreed::differ);
    book.compared(7, AgreementForm::automatic, "free text", Agreed::undecided);
    book.compared(3, AgreementForm::number, "number", Agreed::agree);
    const auto views = book.views();
    REQUIRE(views.size() == 2);
    CHECK(views[0].task == 3);
    CHECK(views[0].form == AgreementForm::number);
    CHECK(views[1].commonest() == "choice");
    CHECK(views[1].by.at("choice").agree == 1);
    CHECK(views[1].by.at("choice").differ == 1);
    CHECK(views[1].by.at("free text").undecided == 1);
}

TEST_CASE("the reference is asked again a few times a task, those under way counted, those without an answer not") {
    AgreementBook book;
    CHECK_FALSE(book.take_repeat(7, 0));
    CHECK(book.take_repeat(7, 2));
    CHECK(book.take_repeat(7, 2));
    CHECK_FALSE(book.take_repeat(7, 2));
    CHECK(book.take_repeat(8, 2));
    book.give_repeat_back(7);
    CHECK(book.take_repeat(7, 2));
    book.repeated(7, false);
    book.repeated(7, true);
    CHECK_FALSE(book.take_repeat(7, 2));
    CHECK(book.views()[0].repeats == 2);
    CHECK(book.views()[0].repeats_worse == 1);
}

TEST_CASE("beyond its limit the book notes no further task") {
    AgreementBook book;
    for (std::uint64_t task = 0; task <= AgreementBook::kMost; ++task) {
        book.compared(task, AgreementForm::automatic, "number", Agreed::agree);
    }
    CHECK(book.views().size() == AgreementBook::kMost);
    CHECK_FALSE(book.take_repeat(AgreementBook::kMost, 1));
    book.repeated(AgreementBook::kMost, true);
    book.give_repeat_back(AgreementBook::kMost);
    CHECK(book.views().back().task == AgreementBook::kMost - 1);
}
