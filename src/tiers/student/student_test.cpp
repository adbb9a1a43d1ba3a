// The file of all kinds, which kind it is, and what is shown of a prompt.
#include "tiers/student/student.h"

#include <doctest/doctest.h>

#include "base/files.h"
#include "base/folder_testing.h"
#include "tiers/student/span_testing.h"
#include "tiers/student/student_testing.h"

using namespace weir;
using namespace weir::tiers::student;

namespace {

struct Pair {
    std::string prompt, answer;
};

Result<std::string> train(const std::vector<Pair>& pairs, const TrainingOptions& options = {}) {
    std::vector<StudentExample> examples;
    for (const Pair& each : pairs) examples.push_back({each.prompt, each.answer});
    return Student::train(examples, options);
}

std::shared_ptr<const Student> student(const std::vector<Pair>& pairs) {
    auto bytes = train(pairs);
    REQUIRE_MESSAGE(bytes, bytes.error().message);
    auto made = Student::load(std::move(*bytes));
    REQUIRE_MESSAGE(made, made.error().message);
    return *made;
}

std::vector<Pair> tickets(std::size_t count, std::uint64_t seed, const std::string& before = "",
                          const std::string& behind = "") {
    std::vector<Pair> made;
    for (const Tickets::Row& row : Tickets(count, seed).rows)
        made.push_back({before + row.words() + behind, row.answer});
    return made;
}

std::vector<Pair> extraction(std::size_t count, std::uint64_t seed) {
    std::vector<Pair> made;
    for (const Errand& each : errands(count, seed)) made.push_back({instruction(each.slot), each.answer});
    return made;
}

// Templated answers: neither a closed set nor JSON.
std::vector<Pair> letters(std::size_t count, std::uint64_t seed) {
    learn::RandomBits random(seed);
    std::vector<Pair> made;
    for (std::size_t i = 0; i < count; ++i) {
        const std::string order = "A-" + std::to_string(10'000 + random.below(90'000));
        const bool late = random.chance(0.5);
        made.push_back({(late ? "Where is my order " : "Please cancel order ") + order + "?",
                        late ? "We are sorry. Order " + order + " is on its way."
                             : "Order " + order + " is canceled, and your money comes back."});
    }
    return made;
}

std::string trained(const std::vector<Pair>& pairs) {
    auto bytes = train(pairs);
    REQUIRE_MESSAGE(bytes, bytes.error().message);
    return *bytes;
}

// A file with other parts, and a right checksum.
std::string with_parts(const std::string& bytes, const std::vector<StudentPart>& kinds) {
    auto file = StudentFile::read(bytes);
    REQUIRE(file);
    std::vector<StudentFile::Part> parts;
    for (const StudentPart kind : kinds) {
        const StudentFile::Part* const part = file->find(kind);
        parts.push_back(part != nullptr ? *part : StudentFile::Part{kind, "x"});
    }
    file->parts = parts;
    return *file->write();
}

}  // namespace

TEST_CASE("student: labels, pieces of the prompt and copied answers are told apart") {
    CHECK(student(tickets(120, 1))->kind() == StudentKind::labels);
    CHECK(student(extraction(200, 2))->kind() == StudentKind::extraction);
    CHECK(student(letters(200, 3))->kind() == StudentKind::copied);
    std::vector<Pair> varied = tickets(60, 4);
    for (std::size_t i = 0; i < varied.size(); ++i) {
        varied[i].answer = "It says: " + varied[i].prompt + ", the " + std::to_string(i) + "th";
    }
    const auto none = train(varied);
    REQUIRE_FALSE(none);
    CHECK(none.error().code == ErrorCode::invalid);
    CHECK(none.error().message.starts_with("the answers are not narrow"));
    CHECK(train(tickets(10, 1)).error().message.starts_with("too few examples"));
}

TEST_CASE("student: where labels and pieces of the prompt are both possible, who agrees with the teacher is taken") {
    // The city is one of a few, and stands in the text among others: what stands behind "to" tells.
    learn::RandomBits random(5);
    std::vector<std::string> cities;
    while (cities.size() < 30) cities.push_back(name(random));
    std::vector<Pair> trips, moods;
    for (int i = 0; i < 400; ++i) {
        const std::string &from = cities[random.below(30)], &to = cities[random.below(30)];
        trips.push_back({"A ticket from " + from + " to " + to + ", number " + std::to_string(random.below(1'000)),
                         R"({"city": ")" + to + R"("})"});
        // A word that mostly stands in the text, but not where one could know it by.
        const std::string mood = i % 2 == 0 ? "fine" : "poor", other = random.chance(0.5) ? " fine" : " poor";
        moods.push_back({(i % 2 == 0 ? "splendid" : "dreadful") + other + " and " + mood + " weather " +
                             std::to_string(random.below(1'000)),
                         R"({"mood": ")" + mood + R"("})"});
    }
    CHECK(student(trips)->kind() == StudentKind::extraction);
    CHECK(student(moods)->kind() == StudentKind::labels);
}

TEST_CASE("student: it sees what varies of the prompt, and declines prompts of another template") {
    const std::string before = "Which desk is this for? Answer with one word.\n\n<ticket>", behind = "</ticket>";
    const auto plain = student(tickets(300, 5)), inside = student(tickets(300, 5, before, behind));
    CHECK(plain->slot().whole());
    CHECK(inside->slot().slots() == 1);
    Student::Scratch scratch;
    for (const auto& [text, right] : tickets(40, 6)) {
        const std::string prompt = before + text + behind;
        const StudentAnswer a = plain->answer(text, scratch), b = inside->answer(prompt, scratch);
        CHECK(a.text == b.text);
        CHECK(a.log_probability == b.log_probability);
        CHECK(inside->fits(prompt));
        CHECK_FALSE(inside->fits(text));
        CHECK(inside->answer(text, scratch).declined == Declined::other_prompt);
        CHECK(inside->answer(prompt, scratch, {}, text.size()).declined == Declined::no);
        CHECK(inside->answer(prompt, scratch, {}, text.size() - 1).declined == Declined::too_long);
    }
}

TEST_CASE("student: another instruction, and what only the latest prompts share") {
    const std::string first = "Sort the ticket below, please:\n", second = "You get a ticket. Which desk is it for?\n";
    std::vector<Pair> pairs = tickets(100, 5, first);
    for (const Pair& each : tickets(200, 6, second)) pairs.push_back(each);
    const auto changed = student(pairs);
    CHECK(changed->fits(second + "my invoice"));
    // Half of the examples and more are of the first instruction: all of them are learned from.
    pairs = tickets(300, 5, first);
    for (const Pair& each : tickets(100, 6, second)) pairs.push_back(each);
    const auto both = student(pairs);
    CHECK(both->fits(first + "my invoice"));
    CHECK(both->fits(second + "my invoice"));
    pairs = tickets(200, 5, "Date: 2026-11-28. The ticket: ");
    for (const Pair& each : tickets(200, 6, "Date: 2026-11-29. The ticket: ")) pairs.push_back(each);
    CHECK(student(pairs)->fits("Date: 2026-11-30. The ticket: my invoice"));
}

TEST_CASE("student: an extraction in the teacher's form, and what it could say") {
    const auto made = student(extraction(300, 2));
    Student::Scratch scratch;
    std::size_t same = 0;
    const auto asked = extraction(100, 9);
    for (const Pair& each : asked) {
        const StudentAnswer answer = made->answer(each.prompt, scratch);
        CHECK(answer.log_probability <= 0);
        same += answer.text == each.answer ? 1 : 0;
    }
    CHECK(same >= 95);
    CHECK(
        made->could_say(instruction("Then Andorka slept in Boclel."), R"({"person": ["Andorka"], "place": "Boclel"})"));
    CHECK(made->could_say(instruction("Then Andorka slept."), R"({"person": ["Boclel"], "place": null})") == false);
    CHECK_FALSE(made->could_say(instruction("Then Andorka slept."), R"({"persons": ["Andorka"]})"));
    CHECK_FALSE(made->could_say("Then Andorka slept.", R"({"person": ["Andorka"], "place": null})"));
    CHECK(made->outside_share() < 0.02);
    CHECK(made->answer(instruction(""), scratch).log_probability <= 0);
}

TEST_CASE("student: copied answers, and what they could have been") {
    const auto made = student(letters(300, 3));
    Student::Scratch scratch;
    CHECK(made->answer("Where is my order A-11111?", scratch).text == "We are sorry. Order A-11111 is on its way.");
    CHECK(made->could_say("Where is my order A-11111?", "We are sorry. Order A-11111 is on its way."));
    CHECK_FALSE(made->could_say("Where is my order A-11111?", "Dear customer, A-11111 is late."));
    CHECK(made->outside_share() < 0.02);
    CHECK(made->answer("\u6F22\u5B57 \u4E2D\u6587", scratch).declined != Declined::no);
}

TEST_CASE("student: the same bytes by the same seed; it can be called off") {
    TrainingOptions other;
    other.seed = 2;
    for (const auto& pairs : {tickets(120, 1), extraction(120, 2)}) {
        CHECK(*train(pairs) == *train(pairs));
        CHECK(*train(pairs) != *train(pairs, other));
        std::vector<StudentExample> examples;
        for (const Pair& each : pairs) examples.push_back({each.prompt, each.answer});
        std::stop_source stop;
        stop.request_stop();
        CHECK(Student::train(examples, {}, stop.get_token()).error().code == ErrorCode::canceled);
    }
}

TEST_CASE("student: the file is mapped, and answers as what was trained, of every kind") {
    const TemporaryFolder folder;
    for (const auto& pairs : {tickets(150, 1), extraction(150, 2), letters(150, 3)}) {
        const std::string bytes = trained(pairs), file = folder.file("student");
        REQUIRE(write_file(file, bytes));
        const auto mapped = Student::open(file), loaded = Student::load(bytes);
        REQUIRE(mapped);
        REQUIRE(loaded);
        CHECK((*mapped)->examples() == 150);
        CHECK((*mapped)->bytes() == bytes.size());
        CHECK((*mapped)->training_set() == (*loaded)->training_set());
        CHECK((*mapped)->outside_share() == (*loaded)->outside_share());
        Student::Scratch scratch;
        for (const Pair& each : pairs) {
            const StudentAnswer a = (*mapped)->answer(each.prompt, scratch),
                                b = (*loaded)->answer(each.prompt, scratch);
            CHECK(a.text == b.text);
            CHECK(a.log_probability == b.log_probability);
        }
    }
    CHECK(Student::open(folder.file("none")).error().code == ErrorCode::io);
    REQUIRE(write_file(folder.file("empty"), ""));
    CHECK_FALSE(Student::open(folder.file("empty")));
    REQUIRE(write_file(folder.file("old"), "WEIRSTU1" + std::string(200, 'x')));
    CHECK(Student::open(folder.file("old")).error().message.find("earlier version") != std::string::npos);
}

TEST_CASE("student: every changed byte and every cut is refused, of every kind") {
    for (const auto& pairs : {tickets(40, 1), extraction(40, 2), letters(40, 3)}) {
        const std::string bytes = trained(pairs);
        REQUIRE(Student::load(bytes));
        // A checksum for each: every byte of the head and of where parts meet, some of the rest.
        const std::size_t step = std::max<std::size_t>(1, bytes.size() / 1'000);
        for (std::size_t at = 0; at < bytes.size(); at += at < 300 || at + 64 > bytes.size() ? 1 : step) {
            std::string other = bytes;
            other[at] = static_cast<char>(other[at] ^ 0x10);
            CHECK_FALSE(Student::load(other));
            CHECK_FALSE(Student::load(bytes.substr(0, at)));
        }
        CHECK_FALSE(Student::load(bytes + "x"));
    }
}

TEST_CASE("student: cut anywhere, with a checksum that is right") {
    for (const auto& pairs : {tickets(40, 1), extraction(40, 2), letters(40, 3)}) {
        const std::string bytes = trained(pairs), body = bytes.substr(0, bytes.size() - sizeof(Digest256));
        const auto sealed = [](std::string text) {
            const Digest256 digest = sha256(text);
            return text.append(reinterpret_cast<const char*>(digest.data()), digest.size());
        };
        REQUIRE(Student::load(sealed(body)));
        const std::size_t step = std::max<std::size_t>(1, body.size() / 500);
        for (std::size_t at = 0; at < body.size(); at += at < 300 ? 1 : step) {
            CHECK_FALSE(Student::load(sealed(body.substr(0, at))));
        }
        CHECK_FALSE(Student::load(sealed(body + std::string(1, '\0'))));
    }
}

TEST_CASE("student: parts that are missing, doubled, too many, out of order or of another kind") {
    const std::string sound = trained(tickets(40, 1)), other = trained(extraction(40, 2));
    using enum StudentPart;
    REQUIRE(Student::load(with_parts(sound, {slot, labels})));
    for (const std::vector<StudentPart>& parts :
         std::vector<std::vector<StudentPart>>{{},
                                               {slot},
                                               {labels},
                                               {labels, slot},
                                               {slot, slot},
                                               {labels, labels},
                                               {slot, labels, spans},
                                               {slot, labels, spans, nearest},
                                               {slot, spans},
                                               {slot, nearest},
                                               {slot, static_cast<StudentPart>(5)},
                                               {static_cast<StudentPart>(0), slot}}) {
        CHECK_FALSE(Student::load(with_parts(sound, parts)));
    }
    // Each part is whole in itself, but stands by another's name.
    auto file = StudentFile::read(other);
    REQUIRE(file);
    file->parts.back().what = labels;
    CHECK_FALSE(Student::load(*file->write()));
    file->parts.back().what = nearest;
    CHECK_FALSE(Student::load(*file->write()));
    file->parts.back().what = spans;
    CHECK(Student::load(*file->write()));
    // Something behind a part's end.
    const std::string longer = std::string(file->parts.front().bytes) + "x";
    file->parts.front().bytes = longer;
    CHECK_FALSE(Student::load(*file->write()));
}
