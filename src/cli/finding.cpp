#include "cli/finding.h"

#include <algorithm>

#include "cli/report_text.h"
#include "cli/table.h"

namespace weir::cli {
namespace {

std::string milliseconds(const Finding& finding, std::string_view none) {
    return finding.took_micros ? fixed(static_cast<double>(*finding.took_micros) / 1e3, 1) : std::string(none);
}

std::string counted(std::size_t count, std::string_view noun) {
    return std::to_string(count) + " " + std::string(noun) + (count == 1 ? "" : "s");
}

}  // namespace

std::string_view to_string(Finding::Level level) {
    switch (level) {
        case Finding::Level::ok:
            return "ok";
        case Finding::Level::warn:
            return "warn";
        case Finding::Level::fail:
            return "fail";
    }
    return "fail";
}

void Findings::ok(std::string topic, std::string text) {
    add({.level = Finding::Level::ok, .topic = std::move(topic), .text = std::move(text)});
}
void Findings::warn(std::string topic, std::string text, std::string advice) {
    add({.level = Finding::Level::warn,
         .topic = std::move(topic),
         .text = std::move(text),
         .advice = std::move(advice)});
}
void Findings::fail(std::string topic, std::string text, std::string advice) {
    add({.level = Finding::Level::fail,
         .topic = std::move(topic),
         .text = std::move(text),
         .advice = std::move(advice)});
}

std::size_t Findings::count(Finding::Level level) const {
    return static_cast<std::size_t>(
        std::count_if(all_.begin(), all_.end(), [&](const Finding& each) { return each.level == level; }));
}

std::string Findings::table() const {
    Table table({{"LEVEL"}, {"ABOUT"}, {"WHAT WAS FOUND, AND WHAT TO DO"}});
    for (const Finding& each : all_) {
        const std::string took = each.took_micros ? " (" + milliseconds(each, "") + " ms)" : "";
        table.add({std::string(to_string(each.level)), each.topic + (each.subject.empty() ? "" : " " + each.subject),
                   each.text + took});
        if (!each.advice.empty()) table.add({"", "", "-> " + each.advice});
    }
    const std::size_t failures = count(Finding::Level::fail), warnings = count(Finding::Level::warn);
    return table.render() + "\n" +
           (failures + warnings == 0 ? std::string("All is fine.\n")
                                     : counted(failures, "failure") + ", " + counted(warnings, "warning") + ".\n");
}

std::string Findings::json(std::string_view file) const {
    std::string out = "{\n  \"file\": " + json_string(file) + ",\n  \"ok\": " + (fine() ? "true" : "false") +
                      ",\n  \"warnings\": " + std::to_string(count(Finding::Level::warn)) +
                      ",\n  \"failures\": " + std::to_string(count(Finding::Level::fail)) + ",\n  \"findings\": [";
    for (const Finding& each : all_) {
        if (out.back() != '[') out += ',';
        out += "\n    {\"level\": " + json_string(to_string(each.level)) + ", \"topic\": " + json_string(each.topic) +
               ", \"subject\": " + (each.subject.empty() ? "null" : json_string(each.subject)) +
               ", \"text\": " + json_string(each.text) +
               ", \"advice\": " + (each.advice.empty() ? "null" : json_string(each.advice)) +
               ", \"took_ms\": " + milliseconds(each, "null") + "}";
    }
    return out + "\n  ]\n}\n";
}

}  // namespace weir::cli
