#include "admin/alert_file.h"

#include <algorithm>

#include "admin/json_object.h"
#include "base/files.h"
#include "limits/sealed_file.h"

namespace weir::admin {
namespace {

constexpr std::string_view kWhat = "alerts";
constexpr std::int64_t kVersion = 1;
constexpr std::size_t kMostMembers = 12;

void append(std::string_view record, const Alert& alert, std::string& out) {
    JsonObject object(out);
    object.text("record", record);
    object.text("alert", to_string(alert.kind));
    object.text("of", alert.of);
    object.whole("id", alert.id);
    object.whole("since_unix_us", alert.since_unix);
    object.whole("ended_unix_us", alert.ended_unix);
    object.flag("told", alert.told);
    object.text("text", alert.text);
    object.end();
    out += '\n';
}

// One line's members, by name; what is missing or of another kind makes it bad.
struct Line {
    std::string_view text;
    std::vector<json::Member> members;
    bool good = true;

    std::string_view raw(std::string_view name) {
        for (const json::Member& member : members) {
            if (member.key == name) return member.raw(text);
        }
        good = false;
        return "null";
    }
    std::string string(std::string_view name) {
        auto value = json::as_string(raw(name));
        good = good && value;
        return value.value_or("");
    }
    std::int64_t whole(std::string_view name) {
        const auto value = json::as_int64(raw(name));
        good = good && value && *value >= 0;
        return value.value_or(0);
    }
    bool flag(std::string_view name) {
        const auto value = json::as_bool(raw(name));
        good = good && value;
        return value.value_or(false);
    }
    AlertKind kind() {
        const auto kind = telemetry::parse_alert_kind(string("alert"));
        good = good && kind;
        return kind.value_or(AlertKind::errors);
    }
    Alert alert() {
        Alert alert;
        alert.kind = kind();
        alert.of = string("of");
        alert.id = static_cast<std::uint64_t>(whole("id"));
        alert.since_unix = whole("since_unix_us");
        alert.ended_unix = whole("ended_unix_us");
        alert.told = flag("told");
        alert.text = string("text");
        return alert;
    }
};

bool read_line(Line& line, AlertRecords& to) {
    const std::string record = line.string("record");
    if (record == "firing") {
        to.book.firing.push_back(line.alert());
        return line.good && to.book.firing.back().ended_unix == 0;
    }
    if (record == "ended") {
        to.book.history.push_back(line.alert());
        return line.good;
    }
    if (record == "told") {
        const AlertName name{line.kind(), line.string("of")};
        return to.book.told.emplace(name, line.whole("at_unix_us")).second && line.good;
    }
    if (record == "price") {
        const PriceSeen seen{line.string("text"), line.string("before"), line.whole("changed_unix_us")};
        return to.prices.emplace(line.string("model"), seen).second && line.good;
    }
    if (record == "message") {
        to.messages.push_back(
            {line.string("webhook"), line.string("id"), line.whole("made_unix_us"), line.string("body")});
        return line.good;
    }
    return false;
}

std::size_t lines_of(const AlertRecords& records) {
    return records.book.firing.size() + records.book.history.size() + records.book.told.size() + records.prices.size() +
           records.messages.size();
}

}  // namespace

std::string render_alert_file(const AlertRecords& records) {
    std::string lines;
    for (const Alert& alert : records.book.firing) append("firing", alert, lines);
    for (const Alert& alert : records.book.history) append("ended", alert, lines);
    for (const auto& [name, at] : records.book.told) {
        JsonObject object(lines);
        object.text("record", "told");
        object.text("alert", to_string(name.first));
        object.text("of", name.second);
        object.whole("at_unix_us", at);
        object.end();
        lines += '\n';
    }
    for (const auto& [model, seen] : records.prices) {
        JsonObject object(lines);
        object.text("record", "price");
        object.text("model", model);
        object.text("text", seen.text);
        object.text("before", seen.before);
        object.whole("changed_unix_us", seen.changed_unix);
        object.end();
        lines += '\n';
    }
    for (const AlertMessage& message : records.messages) {
        JsonObject object(lines);
        object.text("record", "message");
        object.text("webhook", message.webhook);
        object.text("id", message.id);
        object.whole("made_unix_us", message.made_unix);
        object.text("body", message.body);
        object.end();
        lines += '\n';
    }
    return limits::sealed_head(kWhat, kVersion, lines_of(records), lines) + lines;
}

Result<AlertRecords> parse_alert_file(std::string_view text) {
    AlertRecords records;
    const auto take = [&](std::string_view text_line) -> Result<void> {
        Line line{text_line, {}};
        const Result<void> read = json::members(line.text, line.members, kMostMembers);
        if (!read || !read_line(line, records)) return fail(ErrorCode::invalid, "it is no line of alerts");
        return {};
    };
    const Result<void> read = limits::read_sealed(text, kWhat, kVersion, kMostAlertLines, take);
    if (!read) return tl::unexpected(read.error());
    return records;
}

Result<AlertRecords> load_alerts(const std::string& file) {
    const Result<std::optional<std::string>> text = limits::read_if_there(file, kMostAlertFileBytes);
    if (!text) return tl::unexpected(text.error());
    if (!*text) return AlertRecords();
    Result<AlertRecords> records = parse_alert_file(**text);
    if (!records) return fail(ErrorCode::invalid, file + " is damaged: " + records.error().message);
    return records;
}

Result<void> save_alerts(const std::string& file, const AlertRecords& records) {
    const std::string text = render_alert_file(records);
    if (lines_of(records) > kMostAlertLines || text.size() > kMostAlertFileBytes) {
        return fail(ErrorCode::too_large, "alerts have more to remember than 32 MiB");
    }
    return write_file_durably(file, text);
}

}  // namespace weir::admin
