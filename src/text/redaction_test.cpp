#include "text/redaction.h"

#include <doctest/doctest.h>
#include <rapidcheck.h>

using namespace weir;
using text::Redaction;

namespace {

std::string usual(std::string_view text) {
    return Redaction::usual().apply(text);
}

Redaction of(const std::vector<std::string>& rules) {
    auto made = Redaction::make(rules);
    REQUIRE(made);
    return std::move(*made);
}

}  // namespace

TEST_CASE("e-mail addresses") {
    CHECK(usual("write to a.b+c@mail.example.com, soon") == "write to [email], soon");
    CHECK(usual("<jürgen@exämple.de>") == "<[email]>");
    CHECK(usual("a@b.co a@b.co") == "[email] [email]");
    CHECK(usual("x@y.org.") == "[email].");
    CHECK(usual("at @home, a@b, @x.com, 5@3.14") == "at @home, a@b, @x.com, 5@3.14");
}

TEST_CASE("card numbers") {
    CHECK(usual("card 4111 1111 1111 1111 please") == "card [card] please");
    CHECK(usual("4111-1111-1111-1111") == "[card]");
    CHECK(usual("378282246310005;5555555555554444") == "[card];[card]");
    CHECK(usual("12 4111111111111111") == "12 [card]");
    CHECK(of({"card"}).apply("4111 1111 1111 1112") == "4111 1111 1111 1112");  // the check digit is wrong
    CHECK(usual("id-4111111111111111x") == "id-4111111111111111x");
    CHECK(usual("0.4111111111111111") == "0.4111111111111111");
}

TEST_CASE("account numbers") {
    CHECK(usual("to DE89 3704 0044 0532 0130 00 today") == "to [iban] today");
    CHECK(usual("GB82WEST12345698765432.") == "[iban].");
    CHECK(usual("gb82 west 1234 5698 7654 32") == "[iban]");
    CHECK(of({"iban"}).apply("DE88 3704 0044 0532 0130 00") == "DE88 3704 0044 0532 0130 00");
}

TEST_CASE("telephone numbers") {
    CHECK(usual("call +49 (0)170 123-4567 now") == "call [phone] now");
    CHECK(usual("(555) 123-4567") == "[phone]");
    CHECK(usual("555-123-4567, 1-555-123-4567") == "[phone], [phone]");
    CHECK(usual("030/12345678") == "[phone]");
    CHECK(usual("06 12 34 56 78") == "[phone]");
    for (const char* other : {"2024-01-31 12:00", "01.02.2024", "01-31-2024", "1,000,000", "order 12345678901",
                              "3.14159", "12 34 56", "7 + 8 = 15", "0.123456789", "10.0.0.1", "v1.2.3"}) {
        CHECK(usual(other) == other);
    }
}

TEST_CASE("patterns of the operator's own") {
    const Redaction own = of({"/ACME-[0-9]+/", "email"});
    CHECK(own.apply("ACME-1 and ACME-22 by a@b.co at +49 170 1234567") ==
          "[redacted] and [redacted] by [email] at +49 170 1234567");
    CHECK(Redaction::make(std::vector<std::string>{"emial"}).error().message ==
          "\"emial\" is none of email, phone, card, iban, nor a pattern between slashes");
    CHECK(Redaction::make(std::vector<std::string>{"/(/"}).error().message == "/(/: a ) is missing at byte 2");
    CHECK_FALSE(Redaction::make(std::vector<std::string>(33, "email")));
    CHECK(Redaction().empty());
    CHECK(of({}).empty());
    CHECK_FALSE(own.empty());
}

TEST_CASE("nothing that is to go stays, wherever it stands, and going over it again changes nothing") {
    const auto plain = rc::gen::container<std::string>(rc::gen::elementOf(std::string("ab ,.:;!?\n-")));
    const auto secret = rc::gen::elementOf(std::vector<std::string>{
        "john.doe@mail.example.com", "4111 1111 1111 1111", "5555555555554444", "DE89370400440532013000",
        "GB82 WEST 1234 5698 7654 32", "+1 555 123 4567", "(555) 123-4567"});
    rc::check([&] {
        const std::string before = *plain, behind = *plain, what = *secret;
        const std::string clean = usual(before + " " + what + " " + behind);
        RC_ASSERT(clean.find(what) == std::string::npos);
        // Everything beyond the last four digits of a number is gone as well.
        for (std::size_t at = 0; at + 6 <= what.size(); ++at) {
            RC_ASSERT(clean.find(what.substr(at, 6)) == std::string::npos);
        }
        RC_ASSERT(usual(clean) == clean);
        RC_ASSERT(Redaction::marked(clean) && !Redaction::marked(before + " " + what + " " + behind));
    });
}

TEST_CASE("any bytes") {
    rc::check([](const std::string& text) {
        const std::string once = usual(text);
        if (text.find_first_of("@0123456789") == std::string::npos) RC_ASSERT(once == text);
    });
}
