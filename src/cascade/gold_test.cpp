#include "cascade/gold.h"

#include <doctest/doctest.h>

#include <fstream>

#include "base/folder_testing.h"

using namespace weir;
using namespace weir::cascade;

namespace {

class Gold {
  public:
    std::shared_ptr<const GoldAnswers> read(std::string_view text) {
        const auto read = read_text(text);
        REQUIRE(read.has_value());
        return *read;
    }
    std::string error(std::string_view text) {
        const auto read = read_text(text);
        REQUIRE_FALSE(read.has_value());
        return read.error().message.substr(file_.size());
    }

  private:
    Result<std::shared_ptr<const GoldAnswers>> read_text(std::string_view text) {
        std::ofstream(file_, std::ios::binary) << text;
        return read_gold(file_);
    }
    TemporaryFolder folder_;
    std::string file_ = folder_.file("gold");
};

}  // namespace

TEST_CASE("answers are graded against the file's, in either form") {
    Gold files;
    const auto gold = files.read(
        "{\"prompt\":\"How many\\n apples?\",\"answer\":\"#### 42\",\"id\":7}\r\n\n"
        "Capital of France?\tParis\n"
        "Capital of  France?\tParigi\n"
        "{\"prompt\":\"Say more.\",\"answer\":\"Practise slowly with open chords, then choose an easy song, and after "
        "that a harder one.\"}\n");
    CHECK(gold->questions() == 3);
    const AgreementRules rules;
    CHECK(gold->is_right(" How many apples? ", "He has 40 and 2 more, so 42.", rules) == true);
    CHECK(gold->is_right("How many apples?", "The answer is 41.", rules) == false);
    CHECK(gold->is_right("Capital of France?", "It is Paris, on the Seine, as everybody knows.", rules) == true);
    CHECK(gold->is_right("Capital of France?", "Parigi", rules) == true);
    CHECK(gold->is_right("Capital of France?", "It is Lyon, on the Rhone, as everybody knows.", rules) == false);
    CHECK(gold->is_right("Capital of France?", "It is surely not Paris but one of the other towns.", rules) ==
          std::nullopt);
    CHECK(gold->is_right("Say more.", "You should listen closely and keep relaxed the whole time.", rules) ==
          std::nullopt);
    CHECK(gold->is_right("Another question?", "Paris", rules) == std::nullopt);
    CHECK(gold->is_right("", "Paris", rules) == std::nullopt);
    CHECK(gold->is_right("Capital of France?", "Paris" + std::string(kMostGradedBytes, '.'), rules) == std::nullopt);
}

TEST_CASE("what is no gold file is said with its line") {
    Gold files;
    CHECK(files.error("") == ": no rows");
    CHECK(files.error("a\tb\nc\n") == ":2: neither {\"prompt\", \"answer\"} nor two texts with a tab between them");
    CHECK(files.error("a\tb\tc\n") == ":1: neither {\"prompt\", \"answer\"} nor two texts with a tab between them");
    CHECK(files.error("a\t \n") == ":1: a question and its answer, neither of them empty");
    CHECK(files.error("{\"prompt\":\"a\"}\n") == ":1: a question and its answer, neither of them empty");
    CHECK(files.error("{\"prompt\":1,\"answer\":\"b\"}\n") == ":1: \"prompt\" is no text, or stands there twice");
    CHECK(files.error("{\"prompt\":\"a\",\"prompt\":\"b\",\"answer\":\"c\"}\n") ==
          ":1: \"prompt\" is no text, or stands there twice");
    CHECK(files.error("{\"prompt\":\n").starts_with(":1: "));
    CHECK_FALSE(read_gold("/nowhere/gold").has_value());
}
