#include "cascade/answer_at.h"

#include <doctest/doctest.h>

namespace weir::cascade {
namespace {

AnswerRules rules(AgreementForm by, std::string_view at, double tolerance = 1e-6) {
    return {by, *json::Path::parse(at), tolerance};
}

TEST_CASE("numbers within a tolerance, labels as spelled, JSON member by member") {
    const auto number = rules(AgreementForm::number, "/y", 0.01);
    CHECK(agreement_at(R"({"y":100})", R"({"y":100.9})", number).result == Agreed::agree);
    CHECK(agreement_at(R"({"y":100})", R"({"y":102})", number).result == Agreed::differ);
    CHECK(agreement_at(R"({"y":[1,2]})", R"({"y":[1.001,2]})", number).result == Agreed::agree);
    CHECK(agreement_at(R"({"y":1})", R"({"y":"1"})", number).result == Agreed::differ);
    CHECK(agreement_at(R"({"y":[[1,2],[3,4]]})", R"({"y":[1,2,3,4]})", number).result == Agreed::agree);
    CHECK(agreement_at(R"({"y":[1,2]})", R"({"y":[1,2,3]})", number).result == Agreed::differ);
    CHECK(agreement_at(R"({"y":[]})", R"({"y":[]})", number).result == Agreed::agree);
    CHECK(agreement_at(R"({"y":1e999})", R"({"y":1e999})", number).result == Agreed::undecided);
    CHECK(agreement_at(R"({"z":1})", R"({"z":1})", number).result == Agreed::undecided);
    const auto label = rules(AgreementForm::text, "/o/*/d");
    CHECK(agreement_at(R"({"o":[{"d":["a"]}],"id":1})", R"({"o":[{"d":["\u0061"]}],"id":2})", label).result ==
          Agreed::agree);
    CHECK(agreement_at(R"({"o":[{"d":["a"]}]})", R"({"o":[{"d":["A"]}]})", label).result == Agreed::differ);
    CHECK(agreement_at(R"({"o":[{"d":[{}]}]})", R"({"o":[{"d":["A"]}]})", label).result == Agreed::differ);
    const auto json = rules(AgreementForm::json, "");
    CHECK(agreement_at(R"({"a":1,"b":2})", R"({"b":2.0,"a":1})", json).result == Agreed::agree);
    CHECK(agreement_at(R"({"a":1})", "no JSON", json).result == Agreed::differ);
}

TEST_CASE("how sure a model says it is") {
    const json::Path at = *json::Path::parse("/p");
    CHECK(confidence_at(R"({"p":[0.1,0.7,0.2]})", at) == 0.7);
    CHECK_FALSE(confidence_at(R"({"p":3})", at));
    CHECK_FALSE(confidence_at(R"({"q":1})", at));
}

}  // namespace
}  // namespace weir::cascade
