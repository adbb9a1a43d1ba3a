#include "cli/students_command.h"

#include <ostream>
#include <vector>

#include "cli/admin_client.h"
#include "cli/config_values.h"
#include "cli/json_fields.h"
#include "cli/report_text.h"
#include "json/scan.h"

namespace weir::cli {
namespace {

using Align = Table::Align;

constexpr std::string_view kPath = "/api/students";

// The last part of a student's name, which tells it from the others; the JSON form has the whole one.
std::string short_name(const std::string& name) {
    return name.substr(name.rfind('-') + 1);
}

// "3.2 % of 140 (1.0 to 7.1)"
std::string differ(const std::optional<Fields>& count) {
    if (!count || count->whole("answers") == 0) return "-";
    return percent(count->number("share")) + " of " + with_thousands(count->whole("answers")) + " (" +
           fixed(100 * count->number("share_low"), 1) + " to " + fixed(100 * count->number("share_high"), 1) + ")";
}

std::string itself(const std::optional<Fields>& repeats) {
    if (!repeats || repeats->whole("asked") == 0) return "-";
    return percent(1 - repeats->number("share")) + " of " + with_thousands(repeats->whole("asked"));
}

std::string made_of(const Fields& student) {
    return student.whole("examples") == 0 ? "-" : with_thousands(student.whole("examples"));
}

// What was done, in the gateway's words.
void print_done(const AdminReply& reply, OutputFormat format, std::ostream& out) {
    if (format == OutputFormat::json) {
        out << reply.body << "\n";
        return;
    }
    std::vector<json::Member> members;
    if (!json::members(reply.body, members)) return;
    for (const json::Member& member : members) {
        if (member.key == "said") out << json::as_string(member.raw(reply.body)).value_or("") << "\n";
    }
}

}  // namespace

Result<std::string> render_students_table(std::string_view body) {
    std::vector<json::Member> members;
    if (auto read = json::members(body, members); !read) return tl::unexpected(read.error());
    std::vector<json::Span> students;
    bool there = false;
    for (const json::Member& member : members) {
        if (member.key != "students" || !json::is_array(member.raw(body))) continue;
        json::elements_within(body, member.value, students);
        there = true;
    }
    if (!there) return fail(ErrorCode::invalid, "no member students");
    if (students.empty()) {
        return std::string(
            "No students, and no task on its way to one: it takes a cascade with the tier student and store: "
            "content.\n");
    }
    Table table({{"STUDENT"},
                 {"TASK"},
                 {"TENANT"},
                 {"STATE"},
                 {"MADE OF", Align::right},
                 {"EXAMPLES", Align::right},
                 {"KIB", Align::right},
                 {"DIFFER (95 %)", Align::right},
                 {"AUDITS", Align::right},
                 {"REFERENCE ITSELF", Align::right}});
    std::string why;
    for (const json::Span& each : students) {
        const Fields student(body, each);
        const std::string name = short_name(student.text("student"));
        const auto audits = student.object("audits");
        table.add({name, student.text("task"), shortened(student.text("tenant")), student.text("state"),
                   made_of(student), with_thousands(student.whole("examples_kept")),
                   student.whole("bytes") == 0 ? "-" : with_thousands((student.whole("bytes") + 1023) / 1024),
                   differ(student.object("disagreement")), audits ? with_thousands(audits->whole("answers")) : "-",
                   itself(student.object("reference_repeats"))});
        why += name + "  " + student.text("state") + ": " + student.text("why") + "\n";
        const auto repeats = student.object("reference_repeats");
        if (repeats && !repeats->text("says").empty())
            why += std::string(name.size() + 2, ' ') + repeats->text("says") + "\n";
    }
    return table.render() + "\n" + why;
}

int students_command(const StudentsArguments& arguments, const LoadSettings& settings, std::ostream& out,
                     std::ostream& err) {
    const bool lists = arguments.action == "list";
    if (lists != arguments.student.empty()) {
        err << "weir students: " << (lists ? "list takes no student" : arguments.action + " which student?") << "\n";
        return 2;
    }
    LoadSettings quiet = settings;
    quiet.secrets = false;
    const LoadResult loaded = load_config(arguments.config_file, quiet);
    if (!loaded) {
        for (const Diagnostic& each : loaded.error()) err << to_string(each) << "\n";
        return 2;
    }
    for (const char c : arguments.student) {
        const bool plain = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || c == '-';
        if (plain) continue;
        err << "weir students: a student's name has the characters 0-9 a-f -, unlike " << quote(arguments.student)
            << "\n";
        return 2;
    }
    const std::string path = std::string(kPath) + (lists ? "" : "/" + arguments.student + "/" + arguments.action);
    const Result<AdminReply> reply = ask_admin(loaded->options, lists ? "GET" : "POST", path);
    if (!reply) {
        err << "weir students: " << reply.error().message << "\n";
        return reply.error().code == ErrorCode::invalid ? 2 : 1;
    }
    if (reply->status != 200) return refused("students", *reply, err);
    if (!lists) {
        print_done(*reply, arguments.format, out);
        return 0;
    }
    if (arguments.format == OutputFormat::json) {
        out << reply->body << "\n";
        return 0;
    }
    const Result<std::string> table = render_students_table(reply->body);
    if (!table) {
        err << "weir students: the gateway's answer can't be read: " << table.error().message << "\n";
        return 1;
    }
    out << *table;
    return 0;
}

}  // namespace weir::cli
