#include "store/example_store.h"

#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <filesystem>
#include <fstream>
#include <limits>

#include "base/folder_testing.h"
#include "store/example_files.h"

using namespace weir;
using namespace weir::store;

namespace {

constexpr Micros kDay = 24ll * 3600 * 1'000'000;
const ExampleCourse kCourse{"default", "openai/gpt-4o"};

std::shared_ptr<ExampleRules> rules(bool content = true) {
    auto made = std::make_shared<ExampleRules>();
    made->course = kCourse;
    made->content = content;
    made->may_distil = true;
    made->keep_micros = 30 * kDay;
    made->most = 1'000;
    made->redaction = text::Redaction::usual();
    return made;
}

ExampleDraft draft(const std::shared_ptr<const ExampleRules>& by, const std::string& prompt, const std::string& answer,
                   const std::string& tenant = "acme") {
    ExampleDraft made;
    made.rules = by;
    made.tenant = tenant;
    made.unix_micros = 1'000 * kDay;
    made.request = 7;
    made.task = 5;
    made.model = "openai/gpt-4o";
    made.api = "openai.chat";
    made.system = "Classify.";
    made.prompt = prompt;
    made.answer = answer;
    return made;
}

struct Store {
    Store() : clock(1'000 * kDay) { open(); }
    void open() {
        store.reset();
        ExampleStore::Options options;
        options.folder = folder.file("examples");
        options.clock = &clock;
        options.most_waiting = most_waiting;
        options.most_file_bytes = most_file_bytes;
        store = ExampleStore::open(options);
        store->flush();
    }
    void keep(ExampleDraft what) {
        store->offer(std::move(what));
        store->flush();
    }
    std::vector<Example> all(const std::string& tenant = "acme", std::uint64_t task = 0) const {
        auto read = store->examples(tenant, kCourse, task);
        REQUIRE(read);
        return std::move(*read);
    }
    std::string bytes() const {
        std::string bytes;
        for (const auto& entry : std::filesystem::directory_iterator(folder.file("examples"))) {
            std::ifstream file(entry.path(), std::ios::binary);
            bytes.append(std::istreambuf_iterator<char>(file), {});
        }
        return bytes;
    }
    TemporaryFolder folder;
    FakeClock clock;
    std::size_t most_waiting = 1'024;
    std::uint64_t most_file_bytes = ExampleStore::kMostFileBytes;
    std::unique_ptr<ExampleStore> store;
};

}  // namespace

TEST_CASE("what is offered is kept, and outlives a restart") {
    Store one;
    ExampleDraft full = draft(rules(), "is it spam?", "{\"spam\": true}");
    full.response_format = R"({"type":"json_object"})";
    one.keep(full);
    one.keep(draft(rules(), "and this?", "no"));
    for (int round = 0; round < 2; ++round) {
        const std::vector<Example> kept = one.all();
        REQUIRE(kept.size() == 2);
        CHECK(kept[0].prompt == "is it spam?");
        CHECK(kept[0].answer == "{\"spam\": true}");
        CHECK(kept[0].json);
        CHECK(kept[0].model == "openai/gpt-4o");
        CHECK(kept[0].api == "openai.chat");
        CHECK(kept[0].request == 7);
        CHECK(kept[0].unix_micros == 1'000 * kDay);
        CHECK(kept[0].may_distil);
        REQUIRE(kept[0].system_text);
        CHECK(*kept[0].system_text == "Classify.");
        REQUIRE(kept[0].response_format_text);
        CHECK(*kept[0].response_format_text == R"({"type":"json_object"})");
        CHECK(kept[1].system == kept[0].system);
        CHECK(kept[1].system_text == kept[0].system_text);
        CHECK(kept[1].response_format == 0);
        CHECK_FALSE(kept[1].json);
        CHECK(one.store->count("acme", kCourse, 5).kept == 2);
        CHECK(one.store->count("acme", kCourse, 6).kept == 0);
        one.open();
    }
    CHECK(one.store->counters().kept == 0);
}

TEST_CASE("which tasks there are, and how many examples of each") {
    Store one;
    CHECK(one.store->tasks().empty());
    one.keep(draft(rules(), "a", "x"));
    one.keep(draft(rules(), "b", "x"));
    one.keep(draft(rules(), "c", "x", "other"));
    ExampleDraft task = draft(rules(), "t", "x");
    task.task = 9;
    one.keep(task);
    for (int round = 0; round < 2; ++round) {
        const std::vector<ExampleTask> tasks = one.store->tasks();
        REQUIRE(tasks.size() == 3);
        CHECK(tasks[0].tenant == "acme");
        CHECK(tasks[0].course == kCourse);
        CHECK(tasks[0].task == 5);
        CHECK(tasks[0].count.kept == 2);
        CHECK(tasks[0].count.added == 2);
        CHECK(tasks[1].task == 9);
        CHECK(tasks[2].tenant == "other");
        one.open();
    }
    REQUIRE(one.store->purge_task("acme", 9));
    REQUIRE(one.store->purge("other"));
    CHECK(one.store->tasks().size() == 1);
}

TEST_CASE("what tells of people is nowhere on disk, and digests are those of what is left") {
    Store one;
    ExampleDraft secret =
        draft(rules(), "I am jane@example.com, card 4111 1111 1111 1111", "spam from jane@example.com");
    secret.system = "Ask +49 170 1234567";
    one.keep(secret);
    one.keep(draft(rules(), "I am joe@example.org, card 5555 5555 5555 4444", "ham"));
    const std::vector<Example> kept = one.all();
    REQUIRE(kept.size() == 2);
    CHECK(kept[0].prompt == "I am [email], card [card]");
    CHECK(kept[0].answer == "spam from [email]");
    CHECK(*kept[0].system_text == "Ask [phone]");
    CHECK(kept[0].prompt_digest == kept[1].prompt_digest);
    const std::string bytes = one.bytes();
    for (const char* part : {"jane", "joe", "4111", "5555", "1234567"}) CHECK(bytes.find(part) == std::string::npos);
}

TEST_CASE("hashes alone, also where the provider does not allow distillation") {
    for (const bool content : {false, true}) {
        Store one;
        auto only = rules(content);
        only->may_distil = !content;
        one.keep(draft(only, "is it spam?", "yes"));
        one.keep(draft(only, "is it spam?", "no"));
        const std::vector<Example> kept = one.all();
        REQUIRE(kept.size() == 2);
        CHECK_FALSE(kept[0].content);
        CHECK(kept[0].prompt.empty());
        CHECK(kept[0].answer.empty());
        CHECK_FALSE(kept[0].system_text);
        CHECK(kept[0].system != 0);
        CHECK(kept[0].prompt_bytes == 11);
        CHECK(kept[0].prompt_digest == kept[1].prompt_digest);
        CHECK(kept[0].answer_digest != kept[1].answer_digest);
        CHECK(kept[0].may_distil == !content);
        CHECK(one.bytes().find("spam") == std::string::npos);
        CHECK(one.bytes().find("Classify") == std::string::npos);
    }
}

TEST_CASE("a prompt that was asked before is marked, also after a restart") {
    Store one;
    one.keep(draft(rules(), "a", "x"));
    one.keep(draft(rules(), "b", "x"));
    one.keep(draft(rules(), "a", "y"));
    ExampleDraft other = draft(rules(), "a", "z");
    other.system = "Translate.";
    one.keep(other);
    one.open();
    one.keep(draft(rules(), "b", "y"));
    ExampleDraft known = draft(rules(), "c", "y");
    known.repeat = true;
    one.keep(known);
    std::vector<bool> repeats;
    for (const Example& example : one.all()) repeats.push_back(example.repeat);
    CHECK(repeats == std::vector<bool>{false, false, true, false, true, true});
}

TEST_CASE("tenants and courses are apart") {
    Store one;
    one.keep(draft(rules(), "a", "x"));
    one.keep(draft(rules(), "b", "y", "other"));
    auto elsewhere = rules();
    elsewhere->course.reference = "openai/o3";
    one.keep(draft(elsewhere, "c", "z"));
    CHECK(one.all("acme").size() == 1);
    CHECK(one.all("acme").front().prompt == "a");
    CHECK(one.all("other").front().prompt == "b");
    CHECK(one.all("nobody").empty());
    CHECK(one.all("acme", 5).size() == 1);
    CHECK(one.all("acme", 6).empty());
    CHECK(one.all("").empty());
    CHECK(example_digest("acme", "a") != example_digest("other", "a"));

    // A file that was put in another's place is refused.
    const std::string folder = one.folder.file("examples");
    one.store.reset();
    std::filesystem::copy_file(example_file(folder, "other", kCourse), example_file(folder, "acme", kCourse),
                               std::filesystem::copy_options::overwrite_existing);
    CHECK(read_examples(folder, "acme", kCourse, 0).error().code == ErrorCode::internal);
    one.open();
    one.keep(draft(rules(), "secret", "x"));
    CHECK(one.store->counters().failed == 1);
    CHECK(one.all("other").size() == 1);
}

TEST_CASE("the oldest go beyond the number, and the texts that nobody needs") {
    Store one;
    auto few = rules();
    few->most = 16;
    for (int i = 0; i < 100; ++i) {
        ExampleDraft next = draft(few, "prompt " + std::to_string(i), "x");
        next.system = i < 50 ? "old system" : "new system";
        one.keep(next);
    }
    const std::vector<Example> kept = one.all();
    CHECK(kept.size() >= 16);
    CHECK(kept.size() <= 18);
    CHECK(kept.back().prompt == "prompt 99");
    CHECK(*kept.back().system_text == "new system");
    CHECK(one.bytes().find("old system") == std::string::npos);
    const ExampleCount count = one.store->count("acme", kCourse, 5);
    CHECK(count.kept == kept.size());
    CHECK(count.added == 100);
    one.open();
    CHECK(one.all().size() == kept.size());
}

TEST_CASE("a file does not outgrow its bytes") {
    Store one;
    one.most_file_bytes = 64 * 1024;
    one.open();
    for (int i = 0; i < 100; ++i) one.keep(draft(rules(), std::to_string(i) + std::string(2'000, 'x'), "y"));
    CHECK(one.bytes().size() <= 66 * 1024);
    CHECK(one.all().back().prompt.starts_with("99"));
}

TEST_CASE("old ones go at the next start") {
    Store one;
    one.keep(draft(rules(), "old", "x"));
    ExampleDraft young = draft(rules(), "young", "x");
    young.unix_micros += 20 * kDay;
    one.keep(young);
    one.clock.advance(31 * kDay);
    one.open();
    one.keep(draft(rules(), "", ""));  // unfit: only to wait for the writer
    REQUIRE(one.all().size() == 1);
    CHECK(one.all().front().prompt == "young");
    CHECK(one.bytes().find("old") == std::string::npos);
    CHECK(one.store->count("acme", kCourse, 5).kept == 1);
}

TEST_CASE("what is purged is gone, with what is still on its way") {
    Store one;
    one.keep(draft(rules(), "a", "x"));
    one.keep(draft(rules(), "b", "y", "other"));
    ExampleDraft task = draft(rules(), "t", "x");
    task.task = 9;
    one.keep(task);
    REQUIRE(one.store->purge_task("", 9));
    CHECK(one.all().size() == 1);
    one.keep(task);  // its request came before
    CHECK(one.all().size() == 1);
    REQUIRE(one.store->purge("acme"));
    CHECK(one.all().empty());
    CHECK(one.all("other").size() == 1);
    one.keep(draft(rules(), "a", "x"));
    CHECK(one.all().empty());
    ExampleDraft later = draft(rules(), "a", "x");
    later.unix_micros += 1;
    one.keep(later);
    CHECK(one.all().size() == 1);
    CHECK_FALSE(one.all().front().repeat);
    REQUIRE(one.store->purge(""));
    CHECK(one.all().empty());
    CHECK(one.all("other").empty());
}

TEST_CASE("what does not fit is not kept, and what finds no room is counted") {
    Store one;
    one.keep(draft(rules(), "", "x"));
    one.keep(draft(rules(), "x", std::string(kMostAnswerBytes + 1, 'x')));
    auto growing = rules();
    growing->redaction = *text::Redaction::make(std::vector<std::string>{"/x/"});
    one.keep(draft(growing, std::string(kMostPromptBytes / 2, 'x'), "x"));
    CHECK(one.store->counters().unfit == 3);
    CHECK(one.all().empty());
    one.most_waiting = 0;
    one.open();
    one.store->offer(draft(rules(), "a", "x"));
    CHECK(one.store->counters().dropped == 1);
}

TEST_CASE("a disk that refuses is counted, and nothing else happens") {
    Store one;
    one.store.reset();
    std::ofstream(one.folder.file("examples")) << "a file where the folder should be";
    one.open();
    one.keep(draft(rules(), "a", "x"));
    CHECK(one.store->counters().failed >= 1);
    CHECK(one.store->counters().kept == 0);
}

TEST_CASE("a file cut or damaged at any byte gives examples before that, and never anything else") {
    Store one;
    for (const char* prompt : {"alpha", "beta", "gamma"}) one.keep(draft(rules(), prompt, "x"));
    one.store.reset();
    const std::string folder = one.folder.file("examples"), file = example_file(folder, "acme", kCourse);
    const std::string whole = one.bytes();
    const std::vector<std::string> prompts{"alpha", "beta", "gamma"};
    const auto check = [&](const std::string& bytes) {
        std::ofstream(file, std::ios::binary | std::ios::trunc) << bytes;
        const auto read = read_examples(folder, "acme", kCourse, 0);
        if (!read) return;
        REQUIRE(read->size() <= 3);
        for (std::size_t i = 0; i < read->size(); ++i) {
            CHECK((*read)[i].prompt == prompts[i]);
            CHECK((*read)[i].answer == "x");
        }
    };
    for (std::size_t size = 0; size < whole.size(); ++size) check(whole.substr(0, size));
    for (std::size_t at = 0; at < whole.size(); ++at) {
        std::string bytes = whole;
        bytes[at] = static_cast<char>(bytes[at] ^ (1 << (at % 8)));
        check(bytes);
        if (at % 16 != 0) continue;
        one.open();  // goes on whatever it finds
        one.keep(draft(rules(), "delta", "x"));
        one.store.reset();
        const auto read = read_examples(folder, "acme", kCourse, 0);
        if (read && !read->empty()) CHECK(read->back().prompt == "delta");
    }
}

TEST_CASE("records come back as they were written, and nothing else is one") {
    rc::check([](const std::string& prompt, const std::string& answer, std::uint64_t task, bool content, bool json,
                 const std::string& codes) {
        RC_PRE(prompt.size() <= kMostPromptBytes && answer.size() <= kMostAnswerBytes);
        Example example;
        example.unix_micros = 123'456;
        example.request = 9;
        example.task = task;
        example.prompt_digest = example.answer_digest = 1;
        example.prompt_bytes = static_cast<std::uint32_t>(prompt.size());
        example.answer_bytes = static_cast<std::uint32_t>(answer.size());
        example.content = content;
        example.json = json;
        example.model = "p/m";
        if (content) example.prompt = prompt, example.answer = answer;
        if (content && !codes.empty()) example.vector = {3, 0.5F, codes};
        const std::string record = write_record(example);
        const auto read = read_record(record);
        RC_ASSERT(read.has_value());
        const Example& same = std::get<Example>(*read);
        RC_ASSERT(same.prompt == example.prompt);
        RC_ASSERT(same.answer == example.answer);
        RC_ASSERT(same.task == task);
        RC_ASSERT(same.json == json);
        RC_ASSERT(same.vector == example.vector);
        RC_ASSERT(write_record(same) == record);
        for (std::size_t size = 0; size < record.size(); ++size) RC_ASSERT(!read_record(record.substr(0, size)));
        RC_ASSERT(!read_record(record + "x"));
    });
}

TEST_CASE("a record's vector has to be sound") {
    Example example;
    example.prompt_digest = example.answer_digest = 1;
    example.content = true;
    example.vector = {3, 0.5F, "abc"};
    CHECK(read_record(write_record(example)));
    for (const float scale : {0.0F, -1.0F, std::numeric_limits<float>::infinity()}) {
        example.vector.scale = scale;
        CHECK_FALSE(read_record(write_record(example)));
    }
    example.vector = {3, 0.5F, ""};
    CHECK_FALSE(read_record(write_record(example)));
    example.vector = {3, 0.5F, std::string(kMostVectorBytes + 1, 'a')};
    CHECK_FALSE(read_record(write_record(example)));
    example.vector = {3, 0.5F, std::string(kMostVectorBytes, 'a')};
    CHECK(read_record(write_record(example)));
}

TEST_CASE("a prompt's vector is kept with it, but not where something was taken out, nor without content") {
    Store one;
    ExampleDraft plain = draft(rules(), "is it spam?", "yes"), secret = draft(rules(), "I am joe@example.org", "no");
    plain.vector = secret.vector = {3, 0.5F, "\x01\x7f\x80"};
    one.keep(plain);
    one.keep(secret);
    const std::vector<Example> kept = one.all();
    REQUIRE(kept.size() == 2);
    CHECK(kept[0].vector == plain.vector);
    CHECK(kept[1].vector == ExampleVector{});
    auto digests = std::make_shared<ExampleRules>(*rules());
    digests->content = false;
    plain.rules = digests;
    plain.prompt = "another";
    one.keep(plain);
    CHECK(one.all().back().vector == ExampleVector{});
}

TEST_CASE("what is JSON") {
    CHECK(is_json_answer(" {\"a\": [1]}\n"));
    CHECK(is_json_answer("[1, 2]"));
    CHECK_FALSE(is_json_answer("[1], \"b\": [2]"));
    CHECK_FALSE(is_json_answer("\"a\""));
    CHECK_FALSE(is_json_answer("{\"a\": 1} and more"));
    CHECK_FALSE(is_json_answer("12"));
    CHECK_FALSE(is_json_answer(""));
}
