#include "cli/file_desk.h"

#include <doctest/doctest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <thread>

#include "base/files.h"
#include "base/folder_testing.h"
#include "base/hash.h"
#include "store/ledger_testing.h"

using namespace weir;
using namespace weir::cli;

namespace {

const std::string kRight =
    "providers: { a: { api: openai, base_url: \"http://127.0.0.1:1/v1\" } }\n"
    "cascades:\n"
    "  first:\n"
    "    match: { model: [x] }\n"
    "    reference_provider: a\n"
    "    tiers: [exact, semantic]\n"
    "    promise:\n"
    "      # at most\n"
    "      disagreement: 2%\n"
    "  second: { match: { model: [y] }, reference_provider: a, tiers: [semantic], promise: { harm: 0.05, over: task } "
    "}\n";

std::string kept(const TemporaryFolder& folder) {
    return *read_file(folder.file("weir.yaml"), 1u << 20);
}

// A gateway that answers a SIGHUP with `outcome`.
class Reloading {
  public:
    Reloading(const TemporaryFolder& folder, admin::ConfigCheck outcome)
        : outcome_(std::move(outcome)), desk(folder.file("weir.yaml"), LoadSettings{}, [this] {
              thread_ = std::thread([this] { desk.reloaded(outcome_, *desk.text()); });
          }) {}
    ~Reloading() {
        if (thread_.joinable()) thread_.join();
    }

  private:
    admin::ConfigCheck outcome_;
    std::thread thread_;

  public:
    FileDesk desk;
};

}  // namespace

TEST_CASE("problems are told by line") {
    const TemporaryFolder folder;
    REQUIRE(write_file(folder.file("weir.yaml"), kRight));
    Reloading gateway(folder, {});
    CHECK(gateway.desk.check(kRight).errors.empty());
    const admin::ConfigCheck wrong = gateway.desk.check(kRight + "bogus: 1\n");
    REQUIRE(wrong.errors.size() == 1);
    CHECK(wrong.errors[0].line == 11);
    CHECK(wrong.errors[0].message.starts_with("unknown key \"bogus\""));
    CHECK(admin::render_check({{{3, "a \"b\""}}, {}, {"listen"}}) ==
          R"({"ok":false,"errors":[{"line":3,"message":"a \"b\""}],"warnings":[],"kept":["listen"]})");
}

TEST_CASE("a configuration is applied or nothing has changed") {
    const TemporaryFolder folder;
    const std::string file = folder.file("weir.yaml");
    REQUIRE(write_file(file, kRight));
    REQUIRE(::chmod(file.c_str(), 0640) == 0);
    const std::string other = kRight + "reactors: 2\n";
    SUBCASE("applied") {
        Reloading gateway(folder, {{}, {}, {"reactors"}});
        const auto done = gateway.desk.apply(other);
        REQUIRE(done);
        CHECK(done->errors.empty());
        CHECK(done->kept == std::vector<std::string>{"reactors"});
        CHECK(kept(folder) == other);
        struct stat is {};
        REQUIRE(::stat(file.c_str(), &is) == 0);
        CHECK((is.st_mode & 0777) == 0640);
    }
    SUBCASE("wrong") {
        Reloading gateway(folder, {});
        const auto done = gateway.desk.apply(kRight + "bogus: 1\n");
        REQUIRE(done);
        CHECK(done->errors.size() == 1);
        CHECK(kept(folder) == kRight);
    }
    SUBCASE("refused by the gateway") {
        Reloading gateway(folder, {{{0, "no"}}, {}, {}});
        const auto done = gateway.desk.apply(other);
        REQUIRE(done);
        CHECK(done->errors.size() == 1);
        CHECK(kept(folder) == kRight);
    }
    SUBCASE("through a link") {
        REQUIRE(::rename(file.c_str(), folder.file("real.yaml").c_str()) == 0);
        REQUIRE(::symlink("real.yaml", file.c_str()) == 0);
        Reloading gateway(folder, {});
        REQUIRE(gateway.desk.apply(other));
        CHECK(*read_file(folder.file("real.yaml"), 1u << 20) == other);
        struct stat is {};
        REQUIRE(::lstat(file.c_str(), &is) == 0);
        CHECK(S_ISLNK(is.st_mode));
    }
}

TEST_CASE("what came of another reload is not taken for one's own") {
    const TemporaryFolder folder;
    REQUIRE(write_file(folder.file("weir.yaml"), kRight));
    const std::string other = kRight + "reactors: 2\n";
    std::thread main_thread;
    FileDesk desk(folder.file("weir.yaml"), LoadSettings{}, [&] {
        main_thread = std::thread([&] {
            desk.reloaded({{{0, "of the file before"}}, {}, {}}, kRight + "bogus: 1\n");
            desk.reloaded({{}, {}, {"reactors"}}, other);
        });
    });
    const auto done = desk.apply(other);
    main_thread.join();
    REQUIRE(done);
    CHECK(done->errors.empty());
    CHECK(done->kept == std::vector<std::string>{"reactors"});
    CHECK(kept(folder) == other);
}

TEST_CASE("a refused change is undone, but for what somebody else has written since") {
    const TemporaryFolder folder;
    REQUIRE(write_file(folder.file("weir.yaml"), kRight));
    const std::string other = kRight + "reactors: 2\n";
    std::thread main_thread;
    FileDesk desk(folder.file("weir.yaml"), LoadSettings{}, [&] {
        main_thread = std::thread([&] {
            CHECK(write_file(folder.file("weir.yaml"), kRight + "# by hand\n"));
            desk.reloaded({{{0, "no"}}, {}, {}}, other);
        });
    });
    const auto done = desk.apply(other);
    main_thread.join();
    REQUIRE(done);
    CHECK(done->errors.size() == 1);
    CHECK(kept(folder) == kRight + "# by hand\n");
}

TEST_CASE("what a reload would refuse is told before") {
    const TemporaryFolder folder;
    REQUIRE(write_file(folder.file("weir.yaml"), kRight));
    gateway::Options running;
    running.admin.host = "0.0.0.0";
    running.admin_access.tokens.emplace_back();
    const FileDesk desk(
        folder.file("weir.yaml"), LoadSettings{}, [] {}, [&] { return running; });
    const auto problems = desk.check(kRight).errors;
    REQUIRE(problems.size() == 1);
    CHECK(problems[0].message.find("goes on listening at 0.0.0.0") != std::string::npos);
}

TEST_CASE("a file that can't be written is told before, and answered with 409") {
    const TemporaryFolder folder;
    const std::string file = folder.file("weir.yaml");
    REQUIRE(write_file(file, kRight));
    Reloading gateway(folder, {});
    CHECK(gateway.desk.writable());
    REQUIRE(::chmod(file.c_str(), 0444) == 0);
    REQUIRE(::chmod(folder.path().c_str(), 0555) == 0);
    constexpr uid_t kNobody = 65534;  // root may write everything
    const bool root = ::geteuid() == 0;
    if (root) REQUIRE(::seteuid(kNobody) == 0);
    CHECK_FALSE(gateway.desk.writable());
    admin::WhatIfJobs jobs(gateway.desk);
    admin::RouteTable routes;
    admin::add_config(routes, gateway.desk, jobs);
    const http::RequestHead head;
    const auto ask = [&](std::string_view method, std::string_view path, const std::string& body) {
        const auto match = routes.find(method, path);
        return *match.route->answer({head, path, body, {}, match.parts});
    };
    const admin::AdminReply told = ask("GET", "/api/config", "");
    CHECK(told.body.ends_with(R"(,"writable":false})"));
    const std::string digest = to_hex(sha256(kRight));
    for (const auto& [path, body] :
         {std::pair<std::string, std::string>{"/api/config/apply",
                                              R"({"digest":")" + digest + R"(","text":"providers: {}"})"},
          {"/api/tasks/0000000000000001/mode", R"({"cascade":"first","mode":"off"})"}}) {
        CAPTURE(path);
        const admin::AdminReply refused = ask("POST", path, body);
        CHECK(refused.status == 409);
        CHECK(refused.body.find(R"("code":"config_not_writable")") != std::string::npos);
    }
    if (root) REQUIRE(::seteuid(0) == 0);
    REQUIRE(::chmod(folder.path().c_str(), 0755) == 0);
}

TEST_CASE("a promise is set in the text, and nothing else") {
    const auto first = with_promise(kRight, 7, 0.005);
    REQUIRE(first);
    std::string wanted = kRight;
    wanted.replace(wanted.find("2%"), 2, "0.5%");
    CHECK(*first == wanted);
    const auto second = with_promise(kRight, 10, 0.1);
    REQUIRE(second);
    wanted = kRight;
    wanted.replace(wanted.find("0.05"), 4, "10%");
    CHECK(*second == wanted);
    wanted = "promise:\n  # was disagreement: 2%\n  disagreement: 5%  # harm: 1%\n";
    CHECK(*with_promise(wanted, 1, 0.1) == "promise:\n  # was disagreement: 2%\n  disagreement: 10%  # harm: 1%\n");
    CHECK_FALSE(with_promise("promise: {} # disagreement: 2%\n", 1, 0.1));
    CHECK_FALSE(with_promise("a: 1\n", 1, 0.1));
    CHECK_FALSE(with_promise("a: 1\n", 9, 0.1));
}

TEST_CASE("what is asked of the log") {
    using admin::parse_what_if;
    const auto asked = parse_what_if(R"({"promise":{"share":0.05,"cascade":"first"},"since":"7d"})");
    REQUIRE(asked);
    CHECK(asked->promise == 0.05);
    CHECK(asked->cascade == "first");
    CHECK(asked->since == "7d");
    CHECK(parse_what_if(R"({"price":{"model":"a/b","input":1,"output":2.5}})")->output_usd == 2.5);
    for (const char* const wrong :
         {"[]", R"({"promise":{}})", R"({"promise":{"share":2}})", R"({"price":{"model":"a/b"}})", R"({"text":1})",
          R"({"bogus":1})", R"({"since":"1d","since":"2d"})", R"({"promise":0.05})"}) {
        CAPTURE(wrong);
        CHECK(parse_what_if(wrong).error().code == ErrorCode::invalid);
    }
    const TemporaryFolder folder;
    REQUIRE(write_file(folder.file("weir.yaml"), kRight + "data: " + folder.path() + "\n"));
    Reloading gateway(folder, {});
    admin::WhatIf what;
    what.promise = 0.05;
    what.cascade = "bogus";
    CHECK(gateway.desk.what_if(what).error().code == ErrorCode::not_found);
    what.cascade = "first";
    CHECK(gateway.desk.what_if(what).error().code == ErrorCode::not_found);  // there is no log yet
    what = {};
    what.model = "a/nothing";
    what.input_usd = what.output_usd = 1;
    CHECK(gateway.desk.what_if(what).error().message.find("a/nothing") != std::string::npos);
}

TEST_CASE("a task's mode is written into the file, and nothing else changes") {
    const TemporaryFolder folder;
    const std::string text =
        kRight + "  third: { match: { model: [z] }, reference_provider: a, tiers: [exact], mode: serve }\n";
    REQUIRE(write_file(folder.file("weir.yaml"), text));
    Reloading gateway(folder, {});
    const std::string task = "0123456789abcdef";
    const auto edited = gateway.desk.with_task_mode({"third", task, store::Mode::shadow});
    REQUIRE(edited);
    CHECK_FALSE(edited->before);
    REQUIRE(gateway.desk.apply(edited->text));
    CHECK(kept(folder).find("third: { tasks: { \"" + task + "\": { mode: shadow } }, match") != std::string::npos);
    const auto problem = [&](const admin::TaskMode& wanted) {
        const auto done = gateway.desk.with_task_mode(wanted);
        return done ? std::string() : done.error().message;
    };
    CHECK(problem({"fourth", task, store::Mode::shadow}).find("no cascade 'fourth'") != std::string::npos);
    CHECK(problem({"first", task, store::Mode::serve}).find("can only lower it") != std::string::npos);
    REQUIRE(write_file(folder.file("weir.yaml"), text + "reactors: 2\n"));
    CHECK(problem({"third", task, {}}).find("not in force") != std::string::npos);
}

TEST_CASE("a mode that stands under a task's name is not changed by its number") {
    const TemporaryFolder folder;
    const std::string data = folder.path() + "/data";
    REQUIRE(std::filesystem::create_directory(data));
    const auto ledger = store::testing::open_ledger(data);
    ledger->name_task(0, 0x0123456789abcdef, "ties");
    REQUIRE(ledger->flush());
    const std::string text = kRight +
                             "  third: { match: { model: [z] }, reference_provider: a, tiers: [exact], mode: serve, "
                             "tasks: { ties: { mode: observe } } }\n";
    REQUIRE(write_file(folder.file("weir.yaml"), text));
    gateway::Options running;
    running.data_folder = data;
    const FileDesk desk(
        folder.file("weir.yaml"), LoadSettings{}, [] {}, [&] { return running; });
    const std::string task = "0123456789abcdef";
    for (const std::optional<store::Mode> wanted : {std::optional<store::Mode>(), {store::Mode::serve}}) {
        const auto refused = desk.with_task_mode({"third", task, wanted});
        REQUIRE_FALSE(refused);
        CHECK(refused.error().code == ErrorCode::invalid);
        CHECK(refused.error().message.starts_with("the configuration has mode observe for tasks named 'ties'"));
    }
    CHECK(desk.with_task_mode({"third", task, store::Mode::off}));  // below it, so in force
    CHECK(desk.with_task_mode({"third", task, store::Mode::observe}));
    CHECK(desk.with_task_mode({"third", "0123456789abcdee", {}}));  // another task
}

TEST_CASE("what is asked of a task's mode") {
    using admin::parse_task_mode;
    const std::string task = "0123456789abcdef";
    const auto asked = parse_task_mode(task, R"({"cascade":"first","mode":"shadow"})");
    REQUIRE(asked);
    CHECK(asked->task == task);
    CHECK(asked->mode == store::Mode::shadow);
    CHECK_FALSE(parse_task_mode(task, R"({"mode":null,"cascade":"first"})")->mode);
    for (const char* const wrong :
         {"{}", R"({"cascade":"first"})", R"({"cascade":"first","mode":"best"})", R"({"mode":"off"})",
          R"({"cascade":"first","mode":1})", R"({"cascade":"first","mode":"off","more":1})"}) {
        CAPTURE(wrong);
        CHECK(parse_task_mode(task, wrong).error().code == ErrorCode::invalid);
    }
    CHECK_FALSE(parse_task_mode("12", R"({"cascade":"first","mode":"off"})"));
}
