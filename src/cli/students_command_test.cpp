#include "cli/students_command.h"

#include <doctest/doctest.h>

#include <sstream>

#include "base/files.h"
#include "base/folder_testing.h"
#include "cli/admin_client.h"
#include "net/loopback_testing.h"

using namespace weir;
using namespace weir::cli;

namespace {

struct Outcome {
    int code;
    std::string out, err;
};

Outcome run(StudentsArguments arguments, const std::string& config) {
    const TemporaryFolder folder;
    arguments.config_file = folder.file("weir.yaml");
    REQUIRE(write_file(arguments.config_file, config));
    std::ostringstream out, err;
    const int code = students_command(arguments, {}, out, err);
    return {code, out.str(), err.str()};
}

const std::string kConfig =
    "providers: { p: { api: openai, base_url: \"http://127.0.0.1:9\", key: \"${NOT_SET}\" } }\n";

}  // namespace

TEST_CASE("students: what the gateway says as a table") {
    const auto table = render_students_table(
        R"({"students":[{"student":"aa-bb-cc","task":"00ff","tenant":"acme","state":"serving","why":"its gate is open",)"
        R"("examples":1200,"examples_kept":1300,"bytes":2049,"disagreement":{"answers":140,"differ":4,"share":0.0321,)"
        R"("share_low":0.01,"share_high":0.0706},"audits":{"answers":12},"reference_repeats":{"asked":120,"share":0.04,)"
        R"("says":"the reference agrees with itself on 96 % of 120 repeats"}},)"
        R"({"student":"aa-bb-dd","state":"observe","why":"12 of 40 examples","disagreement":null,"reference_repeats":null}]})");
    REQUIRE(table);
    CHECK(table->find("cc       00ff  acme    serving    1,200     1,300    3  3.2 % of 140 (1.0 to 7.1)      12") !=
          std::string::npos);
    CHECK(table->find("96.0 % of 120") != std::string::npos);
    CHECK(table->find("cc  serving: its gate is open\n    the reference agrees with itself on 96 % of 120 repeats\n") !=
          std::string::npos);
    CHECK(table->find("dd  observe: 12 of 40 examples\n") != std::string::npos);
    CHECK(render_students_table(R"({"students":[]})")->starts_with("No students"));
    CHECK_FALSE(render_students_table("no JSON"));
    CHECK_FALSE(render_students_table(R"({"other":[]})"));
    CHECK(render_students_table(R"({"students":[1,"two"]})"));
}

TEST_CASE("students: wrong usage is told before anybody is asked") {
    CHECK(run({"", "demote", "", OutputFormat::table}, kConfig).code == 2);
    CHECK(run({"", "list", "abc", OutputFormat::table}, kConfig).err == "weir students: list takes no student\n");
    CHECK(run({"", "demote", "a/../b", OutputFormat::table}, kConfig).code == 2);
    CHECK(run({"", "list", "", OutputFormat::table}, "nonsense: 1\n").code == 2);
    const Outcome any = run({"", "list", "", OutputFormat::table}, kConfig + "admin: 127.0.0.1:0\n");
    CHECK(any.code == 2);
    CHECK(any.err.find("port 0") != std::string::npos);
}

TEST_CASE("students: where no gateway runs that is what is said") {
    std::uint16_t port = 0;
    {
        const net::testing::Listener listener;
        port = listener.port();
    }
    const Outcome none =
        run({"", "list", "", OutputFormat::json}, kConfig + "admin: 127.0.0.1:" + std::to_string(port) + "\n");
    CHECK(none.code == 1);
    CHECK(none.out.empty());
    CHECK(none.err.find("no gateway answers at 127.0.0.1:" + std::to_string(port) + ": is it running?") !=
          std::string::npos);
    CHECK(reachable_host("0.0.0.0") == "127.0.0.1");
    CHECK(reachable_host("::") == "::1");
    CHECK(reachable_host("10.0.0.1") == "10.0.0.1");
}
